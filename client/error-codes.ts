/**
 * Every code of an error that this package throws, and what to do about it. Codes are stable across versions and mean
 * the same for agents and resource servers. The texts may change.
 */
export const advices = {
  // before a request, or below HTTP
  unreachable: "the endpoint did not answer; try again, then check its address",
  timeout: "the endpoint took too long; try again",
  answer_malformed: "the answer does not come from Lanyard; check the issuer's address",
  metadata_invalid: "the issuer's metadata is not usable; check the issuer, or pin the endpoints",
  evidence_failed: "the workload's own identity could not be fetched; check its credentials and permissions",
  kept_key_failed: "the key's file cannot be used; check its owner, its mode and its folder",
  // an agent's request that Lanyard refused
  attestation_refused: "the evidence does not prove this agent; compare it with the registration's selectors",
  identity_refused: "the agent is no longer accepted; ask the operator whether it was revoked",
  proof_refused: "the key proof was refused; check this machine's clock",
  request_refused: "the request, or the token it uses, is not valid; get a new token and ask again",
  scope_refused: "ask for fewer scopes, or have them registered",
  target_refused: "name one registered resource, or a registered agent",
  details_refused: "send registered details that are no wider than what you hold",
  access_refused: "policy or an operator forbids this; do not ask again",
  approval_pending: "people were asked: give open() an `approval` to wait, or ask again for the same later",
  approval_expired: "nobody decided in time: ask again where it is still needed",
  approval_stale: "policy or registry changed since people approved it: ask again",
  sign_in_insufficient: "have the person sign in again as `signIn` says, and ask with the new token",
  rate_limited: "too many tokens; ask again after a second",
  unavailable: "Lanyard cannot answer now; ask again after a second",
  refused: "read the description",
  // an agent's call that this package refused
  insecure_url: "use https, or http on this machine",
  outside_resource: "call the resource the token is for, or say where it is served when the agent is made",
  offer_unexpected: "the work is from another agent, or for another principal, than you expect; do not do it",
  card_refused: "do not use the card: it is not the agent's; read the description",
  tools_unreadable: "do not use the server's tools: its list could not be read whole; read the description",
  offer_missing: "the message brings no offer: have its sender attach one, and the queue pass attributes on",
  narrowing_failed: "AWS did not narrow the credentials; read the description",
  own_role_refused: "AWS did not let the agent take its role; read the description, and the role's trust policy",
  session_over: "open a new session",
  session_lapsed: "open a new session, with `renewable` to survive long pauses",
  // a request that a resource server refused
  open: "not a refusal: the request needs no token; send the reply",
  credentials_missing: "the caller sent no access token; the reply says where to get one",
  credentials_malformed: "the caller must send one Authorization header and one DPoP header",
  bearer_not_accepted: "the caller must send the token with the DPoP scheme and a proof",
  token_invalid:
    "the token is not one of this issuer for this resource; if every token is refused, compare issuer and resource with the registration",
  token_expired: "the caller must fetch a new token; if every token is refused, check this machine's clock",
  claims_invalid: "the token lacks a claim that Lanyard's tokens have; check the issuer",
  proof_missing: "the caller must send a proof made with the key of its token",
  proof_invalid:
    "the proof is not for this request; if every proof is refused, check requestUrl and this machine's clock",
  proof_nonce_required: "nothing to do: the reply contains the nonce, and the caller sends the request again with it",
  proof_key_mismatch: "the token was sent by somebody without its key; look up its session",
  proof_replayed: "the proof was used before; somebody may be repeating another caller's requests",
  status_uri_foreign: "the token names a status list of another issuer; check the issuer",
  status_index_invalid: "the token's index is outside its status list; check the issuer",
  session_cut:
    "an agent, person, login or build of the token's session was revoked; the caller must open a new session, if it may",
  scope_insufficient: "the caller must ask for the scope, if it may have it",
  details_forbid: "the token's details do not cover this request",
  budget_spent: "a budget has no room for the request until it renews; look at `lanyard budgets`",
  cost_required: "a budget bounds money here: name what a request can cost at most, in the budget's currency",
  keys_unavailable: "the issuer's keys could not be fetched; check the connection to it, and try again",
  status_unavailable: "no fresh status list could be fetched; check the connection to the issuer, and try again",
  cuts_unavailable: "no fresh document of cuts could be fetched; check the connection to the issuer, and try again",
  introspection_unavailable: "the issuer did not answer whether the token is alive; try again",
  replay_store_unavailable: "the store cannot tell whether the proof was used; check the store, and try again",
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
