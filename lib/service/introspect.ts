import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** Tells a resource server whether a token is alive. It writes only records and counted uses. */
export class Introspect extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "introspect" });
    this.tell({ issuer: props.issuer });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantConfirmationsRead(this);
    tables.grantSessionRead(this);
    tables.grantUsesTake(this);
    tables.grantBudgetSpend(this);
    tables.grantBudgetSettle(this);
    tables.grantReplayWrite(this);
    tables.grantRegistryRead(this);
    tables.grantRecords(this);
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "introspect", props);
  }
}
