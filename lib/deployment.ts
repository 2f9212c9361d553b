import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledgeEverywhere } from "./acknowledged.ts";
import { AuditStack } from "./audit/audit-stack.ts";
import { IssuerStack } from "./issuer/issuer-stack.ts";
import { keepExports } from "./kept-exports.ts";
import type { DeployedRegistry } from "./service/registry-applier.ts";
import { ServiceStack } from "./service/service-stack.ts";
import type { Stage } from "./settings/stage.ts";
import { StateStack } from "./state/state-stack.ts";

/** The four stacks of one deployment. */
export interface Deployment {
  readonly state: StateStack;
  readonly audit: AuditStack;
  readonly issuer: IssuerStack;
  readonly service: ServiceStack;
}

/**
 * Builds one deployment: State ← Audit ← Service and State ← Issuer ← Service.
 * @param dist folder of the bundles that `scripts/build.ts` makes
 * @param registry the stage's folder, validated; it must be given exactly when the stage names one
 */
export function deployment(app: App, stage: Stage, dist: string, registry?: DeployedRegistry): Deployment {
  if ((registry === undefined) !== (stage.registry === undefined))
    throw new Error("a registry is deployed exactly when the stage names its folder");
  const state = new StateStack(app, "State", { stage });
  const made = { stage, dist, state };
  const audit = new AuditStack(app, "Audit", made);
  const issuer = new IssuerStack(app, "Issuer", made);
  const below = { ...made, audit, issuer };
  const service = new ServiceStack(app, "Service", registry === undefined ? below : { ...below, registry });
  keepExports({ state });
  acknowledgeEverywhere(app);
  // the embedded cloud leaves the checks out of every boot, by this context; the tests and `cdk synth` keep them
  if (app.node.tryGetContext("checks") !== "off") Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { state, audit, issuer, service };
}
