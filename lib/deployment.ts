import type { Construct } from "constructs";
import { acknowledgeEverywhere } from "./acknowledged.ts";
import { AuditStack } from "./audit/audit-stack.ts";
import { featureFlags } from "./feature-flags.ts";
import { IssuerStack } from "./issuer/issuer-stack.ts";
import { keepExports } from "./kept-exports.ts";
import type { DeployedRegistry } from "./service/registry/applier.ts";
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

/** Input of a deployment. */
interface DeploymentProps {
  readonly stage: Stage;
  /** Folder of the functions' bundles. */
  readonly dist: string;
  /** The stage's folder, validated; it must be given if, and only if, the stage names one. */
  readonly registry?: DeployedRegistry;
}

/** Builds one deployment: State ← Audit ← Service and State ← Issuer ← Service. */
export function deployment(scope: Construct, { stage, dist, registry }: DeploymentProps): Deployment {
  if ((registry === undefined) !== (stage.registry === undefined))
    throw new Error("a registry is deployed exactly when the stage names its folder");
  for (const [flag, value] of Object.entries(featureFlags)) scope.node.setContext(flag, value);
  const state = new StateStack(scope, "State", { stage });
  const made = { stage, dist, state };
  const audit = new AuditStack(scope, "Audit", made);
  const issuer = new IssuerStack(scope, "Issuer", made);
  const below = { ...made, audit, issuer };
  const service = new ServiceStack(scope, "Service", registry === undefined ? below : { ...below, registry });
  keepExports({ state });
  acknowledgeEverywhere(scope);
  return { state, audit, issuer, service };
}
