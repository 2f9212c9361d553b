/**
 * Every code of an error that this package throws, and what to do about it. Codes are stable across versions, and mean the
 * same on both sides; these words are not.
 */
export const advices = {
  // before or below the wire
  unreachable: "the endpoint did not answer; try again, then check its address",
  timeout: "the endpoint took too long; try again",
  answer_malformed: "the answer is not Lanyard's; check the issuer's address",
  metadata_invalid: "the issuer's metadata is not usable; check the issuer, or pin the endpoints",
  evidence_failed: "the workload's own identity could not be fetched; check its credentials and permissions",
  kept_key_failed: "the key's file cannot be used; check its owner, its mode and its folder",
  // an agent, refused by Lanyard
  attestation_refused: "the evidence does not prove this agent; compare its registration's selectors",
  identity_refused: "the agent is no longer accepted; ask the operator whether it was revoked",
  proof_refused: "the key proof was refused; check this machine's clock",
  request_refused: "the request or the token it rests on is not valid; get a fresh token and ask again",
  scope_refused: "ask for fewer scopes, or have them registered",
  target_refused: "name one registered resource, or a registered agent",
  details_refused: "send registered details that are no wider than what you hold",
  access_refused: "policy or an operator forbids this; do not ask again",
  rate_limited: "too many tokens; ask again after a second",
  unavailable: "Lanyard cannot answer now; ask again after a second",
  refused: "read the description",
  // an agent, refused here
  insecure_url: "use https, or http on this machine",
  outside_resource: "call the resource the token is for, or say where it is served when the agent is made",
  offer_unexpected: "the work is not from whom you expect it; do not do it",
  session_over: "open a new session",
  session_lapsed: "open a new session, with `renewable` to survive long pauses",
  // a request that a resource server does not let in
  open: "nothing that is guarded was asked for: send the reply",
  credentials_missing: "the caller sent no access token; the reply says where to get one",
  credentials_malformed: "the caller is to send one Authorization header and one DPoP header",
  bearer_not_accepted: "the caller is to send the token by the DPoP scheme, with a proof",
  token_invalid:
    "the token is not this issuer's for this resource; where all are refused, compare both with the registration",
  token_expired: "the caller is to fetch a new token; where all are refused, check this machine's clock",
  claims_invalid: "the token does not say what Lanyard's tokens say; check the issuer",
  proof_missing: "the caller is to send a proof by the key of its token",
  proof_invalid: "the proof is not for this request; where all are refused, check requestUrl and this machine's clock",
  proof_nonce_required: "nothing: the reply brings the nonce, and the caller comes back with it",
  proof_key_mismatch: "the token was shown by somebody who does not hold its key; look its session up",
  proof_replayed: "the proof was used before; whoever repeats others' requests is to be looked for",
  status_uri_foreign: "the token's status list is not its issuer's; check the issuer",
  status_index_invalid: "the token's place in its status list is none; check the issuer",
  session_cut: "whoever stands in the token's session was revoked since; the caller is to open a new one, if it may",
  scope_insufficient: "the caller is to ask for the scope, if it may have it",
  details_forbid: "the token's details do not cover this request",
  keys_unavailable: "the issuer's keys cannot be had; check the way to it, and try again",
  status_unavailable: "no fresh status list can be had; check the way to the issuer, and try again",
  cuts_unavailable: "no fresh document of cuts can be had; check the way to the issuer, and try again",
  introspection_unavailable: "the issuer did not answer whether the token lives; try again",
  replay_store_unavailable: "it cannot be told whether the proof was used; look after the store, and try again",
} as const;

/** What happened, by one stable name. */
export type LanyardErrorCode = keyof typeof advices;

/** The same call may succeed later. */
export const retryableCodes: ReadonlySet<LanyardErrorCode> = new Set<LanyardErrorCode>([
  "unreachable",
  "timeout",
  "rate_limited",
  "unavailable",
  "keys_unavailable",
  "status_unavailable",
  "cuts_unavailable",
  "introspection_unavailable",
  "replay_store_unavailable",
]);
