import { limits } from "../model/limits.ts";
import type { DeathCause, Denial, DenialCode } from "./denial.ts";

/** Why a refusal happened, for whoever reads the audit without our source beside it. */
export interface DenialReason {
  /** The rule that refused, with its standard and section where it is one's. */
  readonly rule: string;
  /** What was missing, or stood in the way, of this very request. */
  readonly missing: string;
}

type Of<C extends DenialCode> = Extract<Denial, { code: C }>;
type Row<C extends DenialCode> = readonly [rule: string, missing: (denial: Of<C>) => string];

const liveness = "what a request rests on is alive: no tombstone, no raised generation, no block, not expired";
const evidence = "evidence proves the named agent by its registration";
const offers = "an offer opens one session, for the one agent it names, until it ends";

/** Every refusal's rule. A new code without a row does not compile. */
const rows: { readonly [C in DenialCode]: Row<C> } = {
  content_type_unsupported: ["an endpoint reads one content type", (d) => `sent ${d.contentType || "none"}`],
  body_too_large: ["requests are bounded before they are read", (d) => `${d.bytes} of ${d.limitBytes} bytes`],
  malformed_request: ["requests are parsed strictly", (d) => d.what],
  parameter_repeated: ["RFC 6749 3.2: no parameter twice", (d) => `one value of ${d.name}`],
  parameter_missing: ["the endpoint's parameters", (d) => d.name],
  parameter_invalid: ["the endpoint's parameters", (d) => `${d.name}: ${d.why}`],
  grant_unsupported: ["RFC 6749 5.2: grants are client credentials and token exchange", (d) => d.grantType],
  method_not_allowed: ["RFC 9110 15.5.6: the endpoint's methods", (d) => `${d.allow} instead of ${d.method}`],
  not_found: ["the function's paths", (d) => d.path],
  history_unsupported: ["status lists tell of now alone", (d) => d.path],
  dpop_missing: ["RFC 9449 4.3: exactly one proof", () => "the proof"],
  dpop_invalid: ["RFC 9449 4.3: the proof is of this request and fresh", (d) => d.why],
  dpop_nonce_required: ["RFC 9449 8: the stage demands a nonce in each proof", (d) => `a recent nonce; sent ${d.sent}`],
  dpop_replayed: ["RFC 9449 11.1: a proof is used once", () => "a proof that was not used before"],
  dpop_key_mismatch: ["RFC 9449 6: the proof is by the bound key", (d) => `the key of the ${d.boundTo}`],
  client_unauthenticated: ["RFC 6749 2.3: a client authenticates, by an assertion of ours", (d) => d.why],
  client_methods_several: ["RFC 6749 2.3: one method of authentication a request", (d) => `no ${d.other} beside it`],
  assertion_invalid: ["the client assertion is an identity token of this deployment", (d) => d.why],
  assertion_expired: ["identity tokens live minutes", (d) => `it expired at ${d.expiredAtSeconds}`],
  assertion_dead: ["an identity token dies with the agent, build or deployment it was issued under", (d) => d.subject],
  challenge_invalid: ["a challenge is ours, a minute old at most and used once", (d) => `it is ${d.why}`],
  evidence_unsupported: ["the stage's attestors", (d) => d.type],
  evidence_invalid: [evidence, (d) => `${d.type}, check ${d.check}: ${d.why}`],
  evidence_expired: ["evidence is fresh", (d) => `${d.type} ended at ${d.expiredAtSeconds}`],
  evidence_replayed: ["evidence attests once", (d) => `${d.type} that was not used before`],
  evidence_of_another_key: ["evidence belongs to the first key it came with", (d) => `the first key of this ${d.type}`],
  evidence_insufficient: ["the registration's code binding", (d) => `${d.type}: ${d.why}`],
  evidence_unbound: ["evidence carries our challenge, key and issuer", (d) => `${d.type} without our ${d.field}`],
  keys_unavailable: ["no document is believed without its issuer's keys", (d) => `${d.issuer}: ${d.why}`],
  attestation_unavailable: ["no evidence is believed without its platform's word", (d) => `${d.type}: ${d.why}`],
  agent_unknown: ["agents are registered", (d) => `a registration of ${d.agent}`],
  agent_inactive: ["only active agents act", (d) => `${d.agent} is ${d.state}`],
  selector_mismatch: ["the registration's selectors", (d) => d.missing],
  assurance_too_low: ["the registration's minimum assurance", (d) => `${d.required}; proved ${d.actual}`],
  build_not_released: ["the registration's releases", (d) => `a release with digest ${d.build}`],
  audience_not_registered: ["the registration's audiences", (d) => d.audience],
  issuer_untrusted: ["trusted issuers are registered, each for one purpose", (d) => d.issuer],
  subject_token_invalid: ["RFC 8693 2.1: the subject token is what it is said to be", (d) => d.why],
  subject_token_expired: ["RFC 8693 2.1: the subject token lives", (d) => `it expired at ${d.expiredAtSeconds}`],
  subject_token_not_yours: ["a token serves its own agent, or the one that serves its audience", (d) => d.why],
  subject_token_unbound: ["a bearer token opens no next hop", () => "a token that is bound to a key"],
  person_groups_unknown: ["the groups of the person's issuer", (d) => `${d.issuer}: ${d.why}`],
  person_token_foreign_client: ["the registration's clients", (d) => `client ${d.client} at ${d.agent}`],
  groups_redefined: [
    "a person's groups are those the person was in when they logged in",
    (d) => `a login by the groups of ${d.issuerName} as they are now`,
  ],
  person_token_burnt: ["the login of a revoked root opens nothing more for its agent", (d) => burntText[d.by]],
  person_token_before_cut: [
    "after a cut only a later sign-in counts",
    (d) => `a sign-in after ${d.cutAtSeconds} and the skew of clocks`,
  ],
  actor_token_mismatch: ["the actor is the authenticated agent", (d) => d.why],
  parent_dead: [liveness, (d) => deathText(d.cause)],
  offer_unknown: [offers, () => "such an offer"],
  offer_expired: [offers, (d) => `it ended at ${d.expiredAtSeconds}`],
  offer_withdrawn: [offers, () => "its giver withdrew it"],
  offer_for_another_agent: [offers, (d) => `it names ${d.offeredTo}, not ${d.agent}`],
  offer_redeemed_by_another_key: [offers, () => "the key that redeemed it first"],
  offer_target_unknown: ["offers are held out to registered agents", (d) => d.audience],
  offer_targets_several: ["an offer is held out to one agent", (d) => `one audience instead of ${d.count}`],
  resource_missing: ["RFC 8707 2: a request names its resource", () => "resource"],
  resource_unknown: ["resources are registered", (d) => d.resource],
  server_dead: ["a resource is dead with its server", (d) => `${d.agent}, which serves ${d.resource}, is ${d.state}`],
  resource_several: ["an access token is for exactly one resource", (d) => `${d.limit ?? "one"} instead of ${d.count}`],
  bearer_not_allowed: ["bearer tokens need the stage's word too", (d) => `bearerAccessTokens, for ${d.resource}`],
  scope_missing: ["a request names its scopes", () => "scope"],
  scope_unknown: ["a scope belongs to a named resource", (d) => d.scopes.join(" ")],
  scope_exceeds: ["scopes are all or nothing, within every bound", (d) => `by the ${d.by}: ${d.scopes.join(" ")}`],
  details_invalid: ["RFC 9396 5: details are of their registered type", (d) => `${d.type}: ${d.why}`],
  details_exceed: ["a detail is provably narrower than what it comes from", (d) => `${d.type}, ${d.field}`],
  details_unmapped: ["the entailment says how details carry over", (d) => `a mapping of ${d.type}`],
  details_required: [
    "the resource grants these scopes with details only",
    (d) => `${d.types.join(" or ")} for ${d.scopes.join(" ")}`,
  ],
  lifetime_exceeds: ["the least bound on a life counts", (d) => `${d.requestedSeconds} of ${d.allowedSeconds} s`],
  uses_exceed: ["the least bound on uses counts", (d) => `${d.requested} of ${d.allowed} uses`],
  uses_not_counted: ["uses are counted where every request is asked about", (d) => `introspecting at ${d.resource}`],
  uses_spent: ["a token is used as often as it was granted", () => "a use that is left"],
  renewal_refused: ["a renewal stays within every bound of its session", (d) => d.why],
  renewal_overtaken: ["one renewal at a time", () => "the session's row as it was read"],
  token_too_large: [
    "a token is no larger than verifiers read",
    (d) => `${d.bytes} of ${d.limitBytes} bytes at depth ${d.depth}${d.nests ? ", nested too deep" : ""}: fewer hops`,
  ],
  depth_exceeded: ["the strictest agent of a chain bounds its depth", (d) => `depth ${d.depth} of ${d.limit}`],
  policy_denied: [
    "policy permits, and forbids nothing",
    (d) => `${d.resource}: ${d.policies.length > 0 ? `forbidden by ${d.policies.join(" ")}` : d.why}`,
  ],
  tree_full: [
    "what must end a tree reads it: it grows by so many children, offers and bytes in a quarter of an hour",
    (d) =>
      `tree ${d.root}: ${d.children} children, ${limits.treeOffersPerChild} offers each, ${limits.treeBytes} bytes`,
  ],
  rate_exceeded: ["an agent's bucket of signatures", (d) => `${d.agent}: ${d.perSecond} a second`],
  blocked: ["nothing is issued to or for whoever an operator blocked", (d) => d.subject],
  died_in_flight: [liveness, (d) => `meanwhile ${deathText(d.cause)}`],
  not_a_resource_server: ["RFC 7662 2.1: resource servers ask", (d) => `a resource that ${d.agent} serves`],
  not_the_owner: ["RFC 7009 2.1: an agent ends what is its own", (d) => `ownership of session ${d.sid}`],
  token_not_revocable: ["RFC 7009 2.2.1: sessions and offers can be ended", (d) => `an ${d.kind} token is neither`],
  cut_only_unprovable: ["a cut without a block needs people whose logins can be told apart", (d) => d.why],
  target_unknown: [
    "an operator names what there is",
    (d) => `${d.target}: ${d.why}${d.meant === undefined ? "" : `, perhaps ${d.meant}`}`,
  ],
  successor_missing: [
    "a key leaves only when another can sign in its place",
    (d) => `a known idle key of ${d.purpose}${d.algorithms.map((alg) => `/${alg}`).join(" ")}`,
  ],
  registry_invalid: [
    "a registry is valid as a whole or not at all",
    (d) =>
      d.problems
        .slice(0, 5)
        .map(({ file, path, message }) => `${file} ${path}: ${message}`)
        .join("; "),
  ],
  registry_stale: [
    "a change is made against the version that counts",
    (d) => `version ${d.base}; now it is ${d.applied}`,
  ],
  version_unknown: ["versions that were applied", (d) => `version ${d.version}`],
  caller_not_authorized: ["the platform says who the operator is", (d) => d.why],
  registry_unavailable: ["nothing is decided without the registry of this moment", (d) => d.why],
  liveness_unavailable: ["nothing is decided without every row of liveness", (d) => d.why],
  status_unsigned: [
    "no token names a status list that nobody can fetch",
    (d) => `a signed list of window ${d.window}; the publisher signs it within a minute, if it runs`,
  ],
};

const burntText = {
  document: "a document of a later sign-in; this very one was burnt",
  auth_time: "a later sign-in; the one of this auth_time was burnt",
  sid: "a later sign-in; the provider's session of this sid was burnt",
  unnamed: "a document that names its login (auth_time or sid), since one of this person with this agent is burnt",
} as const;

/** Explains a refusal to an auditor; callers hear what `denial-wire.ts` says. */
export function explainDenial(denial: Denial): DenialReason {
  const row = rows[denial.code] as unknown as readonly [string, (denial: Denial) => string] | undefined;
  // the compiler rules it out; should it come to pass, a refusal without a reason is still a refusal to be recorded
  return row ? { rule: row[0], missing: row[1](denial) } : { rule: "not written down", missing: denial.code };
}

function deathText(cause: DeathCause): string {
  switch (cause.kind) {
    case "expired":
      return `expired at ${cause.atSeconds}`;
    case "tombstone":
      return `session ${cause.sid} was revoked`;
    case "ended":
      return `session ${cause.sid} was ended`;
    case "missing":
      return `there is no session ${cause.sid}`;
    case "generation":
      return `${cause.subject} was cut`;
    case "blocked":
      return `${cause.subject} is blocked or inactive`;
    case "burnt":
      return "the person's login was burnt";
    case "unreadable":
      return "liveness could not be read";
  }
}
