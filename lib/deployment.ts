import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledgeEverywhere } from "./acknowledged.ts";
import { AuditStack } from "./audit-stack.ts";
import { IssuerStack } from "./issuer-stack.ts";
import { ServiceStack } from "./service-stack.ts";
import type { Stage } from "./stage.ts";
import { StateStack } from "./state-stack.ts";

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
 */
export function deployment(app: App, stage: Stage, dist: string): Deployment {
  const state = new StateStack(app, stage);
  const audit = new AuditStack(app, stage, dist, state);
  const issuer = new IssuerStack(app, stage, dist, state);
  const service = new ServiceStack(app, stage, dist, { state, audit, issuer });
  acknowledgeEverywhere(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { state, audit, issuer, service };
}
