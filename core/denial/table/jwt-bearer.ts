import { badClient, badProof, badRequest, badTarget, type Rows } from "../row.ts";

/** Refusals about assertions of the `jwt-bearer` grant and registered keys, each with its facts. */
export type JwtBearerDenial =
  | { readonly code: "client_assertion_invalid"; readonly why: string }
  | { readonly code: "client_assertion_replayed" }
  | { readonly code: "assertion_of_another" }
  | { readonly code: "assertion_used_up" }
  | { readonly code: "workload_unknown"; readonly why: string }
  | { readonly code: "resource_disagrees"; readonly asserted: string }
  | { readonly code: "proof_required"; readonly what: string };

const notValid = "the assertion is not valid for this client, or no longer";
const expired = "the assertion has expired";
const loginRevoked =
  "this login of the person was revoked here: sign the person in anew (max_age=0), and ask with an assertion of that";

/** Codes that are about the assertion itself, whatever kind it is, and what the caller is told then. */
const ofAssertion: ReadonlyMap<string, string> = new Map([
  ...["issuer_untrusted", "subject_token_invalid", "person_token_foreign_client", "parent_dead"].map(
    (code) => [code, notValid] as const,
  ),
  ...["assertion_of_another", "died_in_flight"].map((code) => [code, notValid] as const),
  ["subject_token_expired", expired],
  ["assertion_used_up", "the assertion was used before, and what it opened is over"],
  ["person_groups_unknown", "the assertion does not say in which groups the person is"],
  ["groups_redefined", "the groups of the person's issuer mean others now: sign the person in anew"],
  ["person_token_burnt", loginRevoked],
  ["person_token_before_cut", loginRevoked],
]);

/** Codes that are about a platform's token, which is the client's authentication too. */
const ofWorkload: ReadonlyMap<string, string> = new Map([
  ...["evidence_invalid", "evidence_of_another_key", "evidence_insufficient", "build_not_released"].map(
    (code) => [code, notValid] as const,
  ),
  ...["selector_mismatch", "assurance_too_low", "agent_unknown", "agent_inactive", "workload_unknown"].map(
    (code) => [code, notValid] as const,
  ),
  ["evidence_expired", expired],
]);

/**
 * What a caller of the `jwt-bearer` grant is told of a denial that is about its assertion (RFC 7523 3.1:
 * `invalid_grant`). Several share one answer: whoever tries assertions must not learn what is wrong with one, nor which
 * agents exist.
 * @returns the description; undefined for a denial about anything else, whose own row answers
 */
export function grantFault(denial: {
  readonly code: string;
  readonly grant?: "id-jag" | "workload";
  readonly boundTo?: string;
}): string | undefined {
  const { code, grant } = denial;
  if (grant === undefined) return undefined;
  if (code === "dpop_key_mismatch") return denial.boundTo === "assertion" ? notValid : undefined;
  return ofAssertion.get(code) ?? (grant === "workload" ? ofWorkload.get(code) : undefined);
}

/** What auditors and callers are told of each. */
export const jwtBearerDenials: Rows<JwtBearerDenial> = {
  client_assertion_invalid: {
    rule: "RFC 7523 3: the client assertion is by a registered key of the agent, for this issuer alone",
    missing: (d) => d.why,
    answer: badClient("the client assertion is not by a registered key of an agent, for this issuer alone"),
  },
  client_assertion_replayed: {
    rule: "RFC 7523 3: a client assertion is used once",
    missing: "a jti that was not used before",
    answer: badClient("this client assertion was used before; make a new one for every request"),
  },
  assertion_of_another: {
    rule: "an assertion opens one session, for the agent and key that showed it first",
    missing: "an assertion that nobody else has shown",
    answer: badRequest(notValid),
  },
  assertion_used_up: {
    rule: "an assertion opens one session",
    missing: "an assertion that was not used before; the session it opened is over",
    answer: badRequest("the assertion was used before, and what it opened is over"),
  },
  workload_unknown: {
    rule: "RFC 7523 3: the workload is found by exact issuer and subject, and all of one selector holds",
    missing: (d) => d.why,
    answer: badRequest("the assertion is not valid for any client here"),
  },
  resource_disagrees: {
    rule: "draft-ietf-oauth-identity-assertion-authz-grant: assertion and request name one resource",
    missing: (d) => d.asserted,
    answer: badTarget("the assertion is for another resource, or for several"),
  },
  proof_required: {
    rule: "a call without a proof gets a bearer token where resource, stage and registration allow it, and no more",
    missing: (d) => `a DPoP proof, for ${d.what}`,
    answer: badProof("send a DPoP proof: without one only a bearer token for a resource that takes such is given"),
  },
};
