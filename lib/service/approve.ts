import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * A function by which people decide what waits for approval. It writes what they say, and nothing else: it can make
 * nothing wait, use no approval, and sign nothing.
 */
class Approving extends LanyardFunction {
  constructor(
    scope: Construct,
    id: string,
    props: ServiceFunctionProps & { readonly name: "approve" | "approve-token" },
  ) {
    super(scope, id, props);
    const { tables } = props.state;
    tables.grantEpochsRead(this);
    tables.grantRegistryRead(this);
    tables.grantApprovalDecide(this);
    tables.grantCount(this, "refusals");
    tables.grantAutomaticQuarantine(this);
    tables.grantRecords(this);
  }
}

/** For people whom IAM authenticated as operators who approve. */
export class Approve extends Approving {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "approve" });
  }
}

/** For people who show a token of their provider. */
export class ApproveToken extends Approving {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "approve-token" });
    this.tell({ issuer: props.issuer });
    props.state.tables.grantReplayWrite(this);
    demandNonces(this, "approve-token", props);
  }
}
