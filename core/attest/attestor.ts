import type { Assurance } from "../assurance.ts";
import type { Denial } from "../denial.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import type { Result } from "../result.ts";
import type { Marker } from "../session/store.ts";
import type { AttestRequest } from "../wire.ts";

/** Evidence as it came, nothing believed. */
export type Evidence = AttestRequest["evidence"];

/** What genuine evidence for this very request must carry. */
export interface Expectation {
  readonly challenge: string;
  /** RFC 7638 thumbprint of the key the caller proved. */
  readonly jkt: string;
  /** Our issuer: the audience of every document. */
  readonly issuer: string;
  readonly nowSeconds: number;
  readonly registry: RegistrySnapshot;
}

/** What evidence proved. */
export interface AttestedFacts {
  readonly facts: Readonly<Record<string, string>>;
  /** Facts others may have chosen (session tags): a selector may add them, never rest on them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly assurance: Assurance;
  /** Makes the document single use, until exp + skew. */
  readonly evidenceMarker: Marker;
  /** Digest of the code that runs, where the evidence measures it. */
  readonly build?: string;
}

/** Proves ONE kind of evidence and returns facts, never a decision. */
export interface Attestor {
  /** `evidence.type` it understands. */
  readonly type: string;
  attest(evidence: Evidence, expect: Expectation): Promise<Result<AttestedFacts, Denial>>;
}
