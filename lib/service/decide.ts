import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** A function that decides for gateways. It issues nothing and changes no session: it writes records and counted uses. */
class Deciding extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps & { readonly name: "decide" | "decide-iam" }) {
    super(scope, id, props);
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantConfirmationsRead(this);
    tables.grantSessionRead(this);
    tables.grantSessionFind(this);
    tables.grantUsesTake(this);
    tables.grantBudgetSpend(this);
    if (props.stage.approvals) tables.grantToolChangeAsk(this);
    tables.grantRegistryRead(this);
    tables.grantRecords(this);
  }
}

/** Decides for gateways that show an identity token and prove its key. */
export class Decide extends Deciding {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "decide" });
    this.tell({ issuer: props.issuer });
    props.state.tables.grantReplayWrite(this);
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "decide", props);
  }
}

/** Decides for gateways whose role IAM authenticated at its URL. It reads no key: nobody shows it a token. */
export class DecideIam extends Deciding {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "decide-iam" });
  }
}
