import type { BudgetShort } from "../model/budget.ts";

/**
 * Why a resource server refuses a request, as a value: a stable `code` and the facts its operator needs. To add one,
 * add a member here and a row below; the row alone decides what the caller is told.
 */
export type VerifyRefusal =
  // what was presented
  | { readonly code: "credentials_missing" }
  | { readonly code: "credentials_malformed"; readonly why: string }
  | { readonly code: "bearer_not_accepted" }
  // the access token
  | { readonly code: "token_invalid"; readonly why: string }
  | { readonly code: "token_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "claims_invalid"; readonly claim: string }
  // the proof of key
  | { readonly code: "proof_missing" }
  | { readonly code: "proof_invalid"; readonly why: string }
  | { readonly code: "proof_nonce_required"; readonly sent: "none" | "old_or_foreign" }
  | { readonly code: "proof_key_mismatch" }
  | { readonly code: "proof_replayed" }
  // whether the session still lives
  | { readonly code: "status_uri_foreign"; readonly uri: string }
  | { readonly code: "status_index_invalid"; readonly why: string }
  | { readonly code: "session_over"; readonly by: "status_list" | "introspection" }
  /** A subject that the token names was cut since the token was issued. */
  | { readonly code: "session_cut"; readonly subject: "deployment" | "principal" | "agent" | "login" | "build" }
  // what it may do
  | { readonly code: "scope_insufficient"; readonly required: readonly string[]; readonly missing: readonly string[] }
  | { readonly code: "details_forbid"; readonly type: string; readonly field: string; readonly why: string }
  | ({ readonly code: "budget_spent" } & BudgetShort)
  /** A budget bounds money, and this server named no cost in its currency. */
  | { readonly code: "cost_required"; readonly budget: string; readonly currency: string }
  // something is missing on our side: fail closed, ask again
  | { readonly code: "keys_unavailable"; readonly why: string }
  | { readonly code: "status_unavailable"; readonly why: string }
  | { readonly code: "cuts_unavailable"; readonly why: string }
  | { readonly code: "introspection_unavailable"; readonly why: string }
  | { readonly code: "replay_store_unavailable"; readonly why: string };

/** The stable name of a refusal. */
export type VerifyRefusalCode = VerifyRefusal["code"];

/** What the caller of a refused request is told: RFC 6750 3.1 with the `DPoP` scheme of RFC 9449 7.1. */
export interface RefusalFace<R> {
  readonly status: 400 | 401 | 403 | 429 | 503;
  /** Left out, the caller is told nothing but how to ask (RFC 6750 3.1). */
  readonly error?: string;
  /** Tells the caller what to do. */
  readonly description: string | ((refusal: R) => string);
  /** When the same request may be made again, where that is known. */
  readonly againAtSeconds?: (refusal: R) => number;
  /** The scope that is needed, as `scope` of the challenge (RFC 6750 3). */
  readonly scope?: (refusal: R) => string;
  /**
   * The challenge names only the scheme `DPoP`: an error of RFC 9449 has no meaning under another scheme, and some
   * clients read only one challenge.
   */
  readonly aboutProof?: true;
}

const badToken = (description: string) => ({ status: 401, error: "invalid_token", description }) as const;
const badProof = (description: string) =>
  ({ status: 401, error: "invalid_dpop_proof", description, aboutProof: true }) as const;
const notCovered = (description: string) => ({ status: 403, error: "insufficient_scope", description }) as const;

// reasons that would help an attacker share one answer; the refusal's value keeps them apart for the log
const notValidHere = badToken("the access token is not valid here");
const wrongProof = badProof("send one fresh DPoP proof for this request and this access token");
const sessionOver = badToken("the session of this access token is over");
const later = {
  status: 503,
  error: "temporarily_unavailable",
  description: "the access token could not be checked now; try again",
} as const;

/** One row for each code. A code without a row does not compile. */
export const refusalFaces: {
  readonly [C in VerifyRefusalCode]: RefusalFace<Extract<VerifyRefusal, { readonly code: C }>>;
} = {
  credentials_missing: { status: 401, description: "" },
  credentials_malformed: {
    status: 400,
    error: "invalid_request",
    description: ({ why }) => `send one Authorization header and one DPoP header: ${why}`,
  },
  bearer_not_accepted: badToken("the token is bound to a key; send it with the DPoP scheme and a proof"),
  token_invalid: notValidHere,
  token_expired: badToken("the access token has expired; fetch a new one"),
  claims_invalid: notValidHere,
  proof_missing: wrongProof,
  proof_invalid: wrongProof,
  proof_nonce_required: {
    ...badProof("put the nonce of header DPoP-Nonce into the proof and ask again"),
    error: "use_dpop_nonce",
  },
  proof_key_mismatch: badToken("the DPoP proof is by another key than the access token is bound to"),
  proof_replayed: badProof("this DPoP proof was used before; make a new one for each request"),
  status_uri_foreign: notValidHere,
  status_index_invalid: notValidHere,
  session_over: sessionOver,
  session_cut: sessionOver,
  scope_insufficient: {
    ...notCovered("the access token does not carry the scope this needs"),
    scope: ({ required }) => required.join(" "),
  },
  // RFC 9396 defines no error for resource servers; RFC 6750 3.1 has this one for a request that needs more than the
  // token gives
  details_forbid: notCovered("the authorization details of the access token do not cover this request"),
  // whose budget it is and what is left of it would tell one agent what others of the same person spend
  budget_spent: {
    status: 429,
    error: "budget_spent",
    description: "a budget has no room for this request until it renews",
    againAtSeconds: ({ renewsAtSeconds }) => renewsAtSeconds,
  },
  cost_required: { ...later, description: "the resource names no cost in the currency of a budget; tell its operator" },
  keys_unavailable: later,
  status_unavailable: later,
  cuts_unavailable: later,
  introspection_unavailable: later,
  replay_store_unavailable: later,
};
