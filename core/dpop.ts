import type { Denial } from "./denial.ts";
import type { Result } from "./result.ts";
import type { Marker } from "./session/store.ts";

/** What a proof is checked against. */
export interface DpopInput {
  /** Every DPoP header value that came. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URL as the platform saw it. */
  readonly url: string;
  readonly nowSeconds: number;
  /** At a resource: the token the proof must carry as `ath`. */
  readonly accessToken?: string;
}

/** A proof that held. */
export interface DpopProof {
  /** RFC 7638 thumbprint of the caller's key. */
  readonly jkt: string;
  readonly jti: string;
  /** Burnt with what the call writes: the proof is single use. */
  readonly marker: Marker;
}

/** Verifies a DPoP proof (RFC 9449 4.3). */
export function verifyDpop(_input: DpopInput): Promise<Result<DpopProof, Denial>> {
  throw new Error("not built yet");
}
