import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * Hears of identity providers which of their people are gone. It blocks and cuts people, and nothing else: it lifts
 * nothing, reads no session, and signs nothing.
 */
export class Signals extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "signals" });
    this.tell({ issuer: props.issuer });
    const { tables } = props.state;
    tables.grantEpochsRead(this);
    tables.grantRegistryRead(this);
    tables.grantCount(this, "signal");
    tables.grantReplayWrite(this);
    tables.grantReport(this);
    tables.grantRecords(this);
  }
}
