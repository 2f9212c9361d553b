import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CfnOutput, CfnResource, Duration, FileSystem } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { bundle, LanyardFunction } from "../../function/lanyard-function.ts";
import { stageHas } from "../../settings/has.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/** A validated registry, as the deployment carries it. */
export interface DeployedRegistry {
  /** Goes beside the function's code as `registry.json`. */
  readonly json: string;
  readonly digest: string;
  /** Overwrites what somebody changed by hand. */
  readonly force: boolean;
}

const name = "registry-applier";

/**
 * Makes the deployed folder the registry: a custom resource of one function, called by CloudFormation alone. Its
 * properties hold the digest, its code the registrations. Deleting the stack leaves the registry as it is.
 */
export class RegistryApplier extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps & { readonly registry: DeployedRegistry }) {
    const { registry, issuer, state } = props;
    const folder = packed(props.dist, registry.json);
    super(scope, id, { ...props, dist: folder, name });
    // the assembly has its own copy by now
    rmSync(folder, { recursive: true });
    this.tell({ issuer, stageHas: stageHas(props.stage) });
    state.tables.grantRegistryWrite(this);
    state.tables.grantRecords(this);
    // a call that Lambda held back must not come when the stack has stopped waiting: it would undo what was done since
    this.function.configureAsyncInvoke({ maxEventAge: Duration.minutes(9), retryAttempts: 2 });
    const resource = new CfnResource(this, "Registry", {
      type: "Custom::Registry",
      properties: {
        ServiceToken: this.function.functionArn,
        // the oldest call Lambda makes, and the time that one may take
        ServiceTimeout: 900,
        Digest: registry.digest,
        Force: String(registry.force),
      },
    });
    // its rights first, or the first call is refused
    resource.node.addDependency(this.role, this.function);
    new CfnOutput(scope, "RegistryVersion", { value: resource.getAtt("Version").toString() });
    new CfnOutput(scope, "RegistryOutcome", { value: resource.getAtt("Outcome").toString() });
  }
}

/** A folder of bundles that holds this one, with the registry beside it: the asset's hash is its content's. */
function packed(dist: string, json: string): string {
  const folder = FileSystem.mkdtemp("lanyard-registry-");
  const made = bundle(dist, name);
  cpSync(made.folder, join(folder, name), { recursive: true });
  if (made.isCopy) rmSync(made.folder, { recursive: true });
  writeFileSync(join(folder, name, "registry.json"), json);
  return folder;
}
