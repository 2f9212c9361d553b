import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** Sessions, offers and access tokens: the only function that signs with the session key. It may write neither Tombstones nor Revocations. */
export class TokenFunction extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "token" });
    const { awsCredentials } = props.stage;
    this.tell({ issuer: props.issuer, bearerAccessTokens: String(props.stage.bearerAccessTokens) });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantConfirmationsRead(this);
    tables.grantPersonKeyBatch(this);
    tables.grantPersonKeyMake(this);
    tables.grantConfirm(this);
    tables.grantSessionRead(this);
    tables.grantSessionWrite(this);
    tables.grantWithdrawalCheck(this);
    tables.grantReplayWrite(this);
    // an agent's token bucket and the growth of a tree are counted outside transactions; a counter of uses is stored in
    // the transaction that issues what it bounds
    tables.grantCount(this, "rate", "tree");
    tables.grantLocatorSecret(this);
    tables.grantUsesPut(this);
    // to check that the list a token will name is signed; this function cannot sign lists (threat 3)
    tables.grantListRead(this);
    if (props.stage.approvals) tables.grantApprovalAsk(this);
    tables.grantRegistryRead(this);
    tables.grantRecords(this);
    if (awsCredentials?.webIdentity) {
      this.tell({ awsAccounts: awsCredentials.accounts.join(",") });
      tables.grantVendWrite(this);
    }
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "token", props);
  }
}
