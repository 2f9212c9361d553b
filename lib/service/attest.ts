import type { Construct } from "constructs";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { grantLookups } from "./code-lookup.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** A function that attests, with every right that attestation needs, except for lookups. */
class Attesting extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps & { readonly name: "attest" | "attest-iam" }) {
    super(scope, id, props);
    this.tell({ issuer: props.issuer });
    const { tables, keys } = props.state;
    tables.grantEpochsRead(this);
    tables.grantRegistryRead(this);
    tables.grantReplayWrite(this);
    // the agent's bucket of signatures, which `token` uses too
    tables.grantCount(this, "rate");
    tables.grantRecords(this);
    useKeyring(this, props, "identity");
    keys.grantChallenges(this);
    demandNonces(this, "attest", props);
  }
}

/** Turns evidence into an identity token. Only this and `attest-iam` sign with the identity key. */
export class Attest extends Attesting {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "attest" });
    if (props.stage.instanceIdentityAlone) this.tell({ instanceIdentityAlone: "true" });
    grantLookups(this, props.stage);
  }
}

/** Attests callers that IAM authenticated at its URL: the caller's signature is the evidence. */
export class AttestIam extends Attesting {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "attest-iam" });
  }
}
