import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/**
 * What operators look at: registry, agents, sessions, what a revocation would end. It can write nothing but the records
 * of refusals, whose names no grant's record can have, and it reads no counter but those of uses.
 */
export class AdminRead extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-read" });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantSessionWalk(this);
    tables.grantRevocationRead(this);
    tables.grantUsesRead(this);
    tables.grantRegistryRead(this);
    tables.grantRefusals(this);
  }
}
