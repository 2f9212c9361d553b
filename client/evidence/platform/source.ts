import type { AttestRequest } from "../../../core/model/wire.ts";

/** What evidence must be made for. */
export interface EvidenceRequest {
  /** The document's audience. */
  readonly issuer: string;
  /** One-use challenge, valid for a minute. */
  readonly challenge: string;
  /** RFC 7638 thumbprint of the agent's key. */
  readonly jkt: string;
  /** The same key as SPKI in DER (RFC 5280 4.1), for documents that contain a key and not its thumbprint. */
  readonly publicKey: Uint8Array;
}

/** Fetches the workload's own identity document; with one implementation for each kind of evidence. */
export interface EvidenceSource {
  /** Name of the kind, as registrations' selectors name it. */
  readonly type: string;
  /** A fresh document for exactly this request. */
  collect(request: EvidenceRequest): Promise<AttestRequest["evidence"]>;
  /** Told how each attestation ended, by sources that can show more than one kind. */
  readonly choosing?: {
    /** @returns true when the next `collect` shows another kind, so that attesting once more makes sense */
    refused(error: unknown): boolean;
    accepted(): void;
  };
}
