import type { Denial } from "../../denial/denial.ts";
import type { Assurance } from "../../model/assurance.ts";
import type { Check } from "../../model/check.ts";
import type { ReplayEntry } from "../../model/replay/entry.ts";
import type { Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { AttestRequest, PlatformCaller } from "../../model/wire.ts";

/** Evidence as it came, nothing of it verified. */
export type Evidence = AttestRequest["evidence"];

/** What genuine evidence for this request must carry. */
export interface Expectation {
  readonly challenge: string;
  /** RFC 7638 thumbprint of the key the caller proved. */
  readonly jkt: string;
  /** Our issuer: the audience of every document. */
  readonly issuer: string;
  readonly nowSeconds: number;
  readonly registry: RegistrySnapshot;
  /**
   * Who signed the call, as the platform authenticated it, where IAM guards the URL. Never read from the request's
   * body.
   */
  readonly platformCaller?: PlatformCaller;
  /**
   * Called for every check in order, up to the first that fails. The audit event of a refusal and `--explain` show
   * them.
   */
  readonly onCheck?: (check: Check) => void;
}

/** What evidence proved. */
export interface AttestedFacts {
  readonly facts: Readonly<Record<string, string>>;
  /**
   * Facts that somebody else may have chosen (session tags). A selector may require them beside an anchor, never alone
   * (threat 15).
   */
  readonly tags: Readonly<Record<string, string>>;
  readonly assurance: Assurance;
  /**
   * Makes the document single use until exp + skew. A document without a challenge belongs, by `owner`, to the first
   * key that shows it (threat 16).
   */
  readonly evidenceEntry: ReplayEntry;
  /**
   * The name that the issuer gave this document, where it gives any: CloudTrail has an STS document's `jti` as
   * `responseElements.webIdentityTokenId`.
   */
  readonly documentId?: string;
  /** Digest of the code that runs, where the evidence measures it. */
  readonly build?: string;
  /** Digest of each container's image by the container's name, where the platform states it. */
  readonly images?: Readonly<Record<string, string>>;
}

/** Proves ONE kind of evidence and returns facts, never a decision. */
export interface Attestor {
  /** `evidence.type` it understands. */
  readonly type: string;
  attest(evidence: Evidence, expect: Expectation): Promise<Result<AttestedFacts, Denial>>;
}
