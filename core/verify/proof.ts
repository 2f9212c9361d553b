import type { Denial } from "../denial/denial.ts";
import { type DpopNonces, type DpopProof, verifyDpop } from "../jose/dpop.ts";
import type { KeyMemory } from "../jose/key-memory.ts";
import type { Clock } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { PresentedRequest } from "./presented.ts";
import type { VerifyRefusal } from "./refusal.ts";
import type { ReplayStore, UsedProof } from "./replay.ts";

/** What proofs are checked with. */
export interface ProofDeps {
  readonly clock: Clock;
  readonly replay: ReplayStore;
  /** Nonces that every proof must carry (RFC 9449 9). */
  readonly nonces?: DpopNonces | undefined;
  /** Imports and remembers keys; this process's own unless given. */
  readonly keyMemory?: KeyMemory;
}

/**
 * Checks the proof of a request (RFC 9449 7): for this method, URL and token, fresh, signed by the key it carries. The
 * caller must check next that this is the token's key and that the proof is used for the first time.
 * @param ath SHA-256 of the access token, base64url
 * @returns the proof, or `proof_missing`, `proof_invalid`, `proof_nonce_required`
 */
export async function readProof(
  request: PresentedRequest,
  ath: string,
  deps: Pick<ProofDeps, "clock" | "nonces" | "keyMemory">,
): Promise<Result<DpopProof, VerifyRefusal>> {
  const proof = await verifyDpop({
    proofs: request.dpop,
    method: request.method,
    url: request.url,
    nowSeconds: nowSeconds(deps.clock),
    ath,
    nonces: deps.nonces,
    ...(deps.keyMemory ? { keyMemory: deps.keyMemory } : {}),
  });
  return proof.ok ? proof : err(proofRefusal(proof.error));
}

const usedProof = ({ jkt, replayEntry }: DpopProof): UsedProof => ({
  jkt,
  key: replayEntry.key,
  expiresAtSeconds: replayEntry.expiresAtSeconds,
});

/**
 * Forgets a proof that came with a token nobody issued: otherwise keys and tokens made up on the spot would fill the
 * store, and a full store refuses everybody. If the store fails to forget, it only remembers too much.
 */
export async function forgetProof(proof: DpopProof, { replay }: Pick<ProofDeps, "replay">): Promise<void> {
  try {
    await replay.forget?.(usedProof(proof));
  } catch {
    // it is forgotten when its generation is dropped
  }
}

/** Marks a proof as used. Denials: `proof_replayed`, `replay_store_unavailable`. */
export async function useProof(proof: DpopProof, deps: ProofDeps): Promise<Result<void, VerifyRefusal>> {
  try {
    const outcome = await deps.replay.use(usedProof(proof), nowSeconds(deps.clock));
    if (outcome === "used") return err({ code: "proof_replayed" });
    if (outcome === "full")
      return err({ code: "replay_store_unavailable", why: "too many proofs within their window" });
  } catch (cause) {
    return err({ code: "replay_store_unavailable", why: cause instanceof Error ? cause.message : "it failed" });
  }
  return ok(undefined);
}

function proofRefusal(denial: Denial): VerifyRefusal {
  if (denial.code === "dpop_missing") return { code: "proof_missing" };
  if (denial.code === "dpop_nonce_required") return { code: "proof_nonce_required", sent: denial.sent };
  return { code: "proof_invalid", why: denial.code === "dpop_invalid" ? denial.why : denial.code };
}
