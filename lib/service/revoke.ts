import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * Lets an agent end its own sessions and offers. It writes tombstones, never an epoch or a block (threat 12), and
 * changes no session.
 */
export class Revoke extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "revoke" });
    this.tell({ issuer: props.issuer });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantSessionRead(this);
    tables.grantRedemptionCheck(this);
    tables.grantTombstoneWrite(this);
    tables.grantReplayWrite(this);
    tables.grantCount(this, "rate");
    tables.grantRecords(this);
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "revoke", props);
  }
}
