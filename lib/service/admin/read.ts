import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/**
 * Operators read here: registry, agents, sessions, and what a revocation would end. It can write only the records of
 * refusals and reveals, whose ids no record of a grant can have, and counts the reveals; of the other counters it reads
 * only those of uses.
 */
export class AdminRead extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-read" });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantConfirmationsRead(this);
    tables.grantSessionWalk(this);
    tables.grantVendRead(this);
    tables.grantRevocationRead(this);
    tables.grantUsesRead(this);
    tables.grantBudgetRead(this);
    if (props.stage.approvals) tables.grantToolChangeRead(this);
    tables.grantRegistryRead(this);
    tables.grantLeafPlaces(this);
    tables.grantPersonKeyRead(this, "gives an operator a person's key, to read the audit by");
    tables.grantCount(this, "reveal");
    tables.grantRefusals(this);
    tables.grantRevealRecords(this);
  }
}
