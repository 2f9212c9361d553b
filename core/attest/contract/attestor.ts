import type { Denial } from "../../denial/denial.ts";
import type { Assurance } from "../../model/assurance.ts";
import type { Check } from "../../model/check.ts";
import type { ReplayEntry } from "../../model/replay-entry.ts";
import type { Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { AttestRequest, PlatformCaller } from "../../model/wire.ts";

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
  /** Who signed the call by the platform's word, where IAM guards the URL; never from the request's body. */
  readonly platformCaller?: PlatformCaller;
  /** Told of every check in order, up to the first that fails: what a refusal's audit event and `--explain` say. */
  readonly onCheck?: (check: Check) => void;
}

/** What evidence proved. */
export interface AttestedFacts {
  readonly facts: Readonly<Record<string, string>>;
  /** Facts others may have chosen (session tags): a selector may add them, never rest on them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly assurance: Assurance;
  /**
   * Makes the document single use until exp + skew; or, where it carries no challenge, with `owner` the property of the
   * first key that shows it (threat 16).
   */
  readonly evidenceEntry: ReplayEntry;
  /**
   * What its issuer calls this document, where it names them: CloudTrail has an STS document's `jti` as
   * `responseElements.webIdentityTokenId`.
   */
  readonly documentId?: string;
  /** Digest of the code that runs, where the evidence measures it. */
  readonly build?: string;
  /** Digest of each container's image by the container's name, where the platform told. */
  readonly images?: Readonly<Record<string, string>>;
}

/** Proves ONE kind of evidence and returns facts, never a decision. */
export interface Attestor {
  /** `evidence.type` it understands. */
  readonly type: string;
  attest(evidence: Evidence, expect: Expectation): Promise<Result<AttestedFacts, Denial>>;
}
