import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CfnOutput, CfnResource, Duration, FileSystem } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { bundle, LanyardFunction } from "../../function/lanyard-function.ts";
import { stageHas } from "../../settings/has.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/** A validated registry, as the deployment contains it. */
export interface DeployedRegistry {
  /** Packed beside the function's code as `registry.json`. */
  readonly json: string;
  readonly digest: string;
  /** Whether to overwrite changes that somebody made by hand. */
  readonly force: boolean;
}

const name = "registry-applier";

/**
 * Makes the deployed folder the registry: a custom resource of one function, called only by CloudFormation. Its
 * properties contain the digest, its code the registrations. When the stack is deleted the registry stays as it is.
 */
export class RegistryApplier extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps & { readonly registry: DeployedRegistry }) {
    const { registry, issuer, state } = props;
    const folder = packed(props.dist, registry.json);
    super(scope, id, { ...props, dist: folder, name });
    // the assembly has its own copy now
    rmSync(folder, { recursive: true });
    this.tell({ issuer, stageHas: stageHas(props.stage) });
    state.tables.grantRegistryWrite(this);
    state.tables.grantRecords(this);
    // an event that Lambda held back must not be handled after the stack has stopped waiting, since it would undo later
    // changes
    this.function.configureAsyncInvoke({ maxEventAge: Duration.minutes(9), retryAttempts: 2 });
    const resource = new CfnResource(this, "Registry", {
      type: "Custom::Registry",
      properties: {
        ServiceToken: this.function.functionArn,
        // the age of the oldest event that Lambda delivers, and the time it may take
        ServiceTimeout: 900,
        Digest: registry.digest,
        Force: String(registry.force),
      },
    });
    // the function needs its rights before the first call
    resource.node.addDependency(this.role, this.function);
    new CfnOutput(scope, "RegistryVersion", { value: resource.getAtt("Version").toString() });
    new CfnOutput(scope, "RegistryOutcome", { value: resource.getAtt("Outcome").toString() });
  }
}

/** A folder with this function's bundle and the registry beside it, whose contents determine the asset's hash. */
function packed(dist: string, json: string): string {
  const folder = FileSystem.mkdtemp("lanyard-registry-");
  const made = bundle(dist, name);
  cpSync(made.folder, join(folder, name), { recursive: true });
  if (made.isCopy) rmSync(made.folder, { recursive: true });
  writeFileSync(join(folder, name, "registry.json"), json);
  return folder;
}
