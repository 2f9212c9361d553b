import type { KeySets } from "../../keys/key-sets.ts";
import type { SpiffeBundles } from "../../keys/spiffe-bundles.ts";
import type { Assurance } from "../../model/assurance.ts";
import type { CodeLookup, StsRelay } from "./aws.ts";

/** What can be known of one kind of evidence without proving any; registrations are checked by it. */
export interface EvidenceType {
  /**
   * Facts that name one workload, at least one of which a selector must pin exactly. A role or function ARN contains
   * its account, which the attestor compares with the issuer's.
   */
  readonly anchors: readonly string[];
  /** Facts without which an anchor is ambiguous; a selector must pin each of them too. */
  readonly companions?: readonly string[];
  /** True for a fact that this kind can state. A selector by another fact could never match. */
  readonly states: (fact: string) => boolean;
  /** A hint for the message that refuses a selector because this kind never states `fact`. */
  readonly hint?: (fact: string) => string;
  /** The strongest assurance it can prove. */
  readonly assurance: Assurance;
  /** True where it carries session tags. */
  readonly tags?: true;
  /** True where the platform names a role without its path, so a selector with one would never match. */
  readonly pathlessRole?: true;
  /** True where the platform states the image of every container. */
  readonly images?: true;
  /**
   * Kinds of one family rest on the same secret: somebody who holds a role's credentials can show any document that
   * those credentials get, and somebody who holds one SVID of an id can also hold the other kind (threats 15 and 38).
   */
  readonly family: string;
}

/** What the function `attest` and its stage provide to the methods. */
export interface MethodGround {
  readonly keySets: KeySets;
  readonly bundles: SpiffeBundles;
  readonly relay: StsRelay;
  /** Partition of the deployment. In another partition the same account number is a different account. */
  readonly partition: string;
  /** Present where the stage grants lookups of tasks. */
  readonly tasks?: CodeLookup;
  /** DER of the root of Nitro documents, instead of AWS's: the embedded cloud's. */
  readonly nitroRoot?: Uint8Array | undefined;
  /** Region → base64 of the DER of its certificate for instance documents, instead of AWS's. */
  readonly ec2Certificates?: ReadonlyMap<string, string> | undefined;
  /** True where the stage accepts an instance's document without other evidence. */
  readonly instanceIdentityAlone: boolean;
}

/** A method of attestation, without the code that proves its evidence, which `attestors.ts` loads. */
export interface Method {
  /** `evidence.type` on the wire, the folder's name, and the name of its page, test, client module and benchmark. */
  readonly type: string;
  readonly evidence: EvidenceType;
}

/** For {@link EvidenceType.states}: exactly these facts. */
export const only = (...facts: readonly string[]): ((fact: string) => boolean) => {
  const known = new Set(facts);
  return (fact) => known.has(fact);
};
