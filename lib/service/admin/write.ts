import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import { stageHas } from "../../settings/has.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/**
 * The operator's changes of the registry: the whole registry, one agent's state, or a return to an earlier version. It
 * cannot sign.
 */
export class AdminWrite extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-write" });
    this.tell({ issuer: props.issuer, stageHas: stageHas(props.stage) });
    const { tables } = props.state;
    tables.grantRegistryWrite(this);
    tables.grantRecords(this);
  }
}
