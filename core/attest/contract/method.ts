import type { KeySets } from "../../keys/key-sets.ts";
import type { SpiffeBundles } from "../../keys/spiffe-bundles.ts";
import type { Assurance } from "../../model/assurance.ts";
import type { CodeLookup, StsRelay } from "./aws.ts";

/** What a registration can know of one kind of evidence without proving any. */
export interface EvidenceType {
  /**
   * Facts that name one workload, at least one of which a selector must pin exactly. A role or function ARN carries its
   * account, and the attestor holds it against the issuer's.
   */
  readonly anchors: readonly string[];
  /** Facts without which an anchor names nobody, each to be pinned too. */
  readonly companions?: readonly string[];
  /** True for a fact that this kind can state at all: a selector by another can never hold. */
  readonly states: (fact: string) => boolean;
  /** What to add when a selector is refused because this kind never states `fact`. */
  readonly hint?: (fact: string) => string;
  /** The strongest it ever proves. */
  readonly assurance: Assurance;
  /** True where it carries session tags. */
  readonly tags?: true;
  /** True where the platform names a role without its path: a selector with one would never match. */
  readonly pathlessRole?: true;
  /** True where the platform tells the image of every container. */
  readonly images?: true;
  /**
   * Kinds of one family rest on one and the same thing: whoever holds a role's credentials shows any document that is
   * had by them, whoever holds one SVID of an id can hold the other kind (threats 15 and 38).
   */
  readonly family: string;
}

/** What the function `attest` and its stage give to the methods. */
export interface MethodGround {
  readonly keySets: KeySets;
  readonly bundles: SpiffeBundles;
  readonly relay: StsRelay;
  /** Partition of the deployment: callers of another have other account numbers. */
  readonly partition: string;
  /** Present where the stage grants the look at tasks. */
  readonly tasks?: CodeLookup;
  /** DER of the root of Nitro documents, instead of AWS's: the embedded cloud's. */
  readonly nitroRoot?: Uint8Array | undefined;
  /** Region → base64 of the DER of its certificate for instance documents, instead of AWS's. */
  readonly ec2Certificates?: ReadonlyMap<string, string> | undefined;
  /** True where the stage takes an instance's document with nothing beside it. */
  readonly instanceIdentityAlone: boolean;
}

/** A method of attestation, as everybody may know it; what proves its evidence is loaded by `attestors.ts`. */
export interface Method {
  /** `evidence.type` on the wire, the folder's name, and the name of its page, test, client source and bench. */
  readonly type: string;
  readonly evidence: EvidenceType;
}

/** For {@link EvidenceType.states}: exactly these. */
export const only = (...facts: readonly string[]): ((fact: string) => boolean) => {
  const known = new Set(facts);
  return (fact) => known.has(fact);
};
