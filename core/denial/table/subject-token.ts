import { aliveRule, type DeathCause, deathText } from "../death.ts";
import { badRequest, type Rows } from "../row.ts";

/** Refusals about the token that is exchanged, each with its facts. */
export type SubjectTokenDenial =
  | { readonly code: "issuer_untrusted"; readonly issuer: string }
  | { readonly code: "subject_token_invalid"; readonly why: string }
  | { readonly code: "subject_token_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "subject_token_not_yours"; readonly why: string }
  | { readonly code: "subject_token_unbound" }
  | { readonly code: "person_token_foreign_client"; readonly client: string; readonly agent: string }
  | { readonly code: "person_groups_unknown"; readonly issuer: string; readonly why: string }
  | { readonly code: "groups_redefined"; readonly issuerName: string }
  | { readonly code: "person_token_burnt"; readonly by: "document" | "auth_time" | "sid" | "unnamed" }
  | { readonly code: "person_token_before_cut"; readonly cutAtSeconds: number }
  | { readonly code: "actor_token_mismatch"; readonly why: string }
  | { readonly code: "parent_dead"; readonly cause: DeathCause };

/** One answer for several refusals: somebody who tries tokens must not learn what is wrong with one. */
const notValid = badRequest("the subject token is not valid for this agent, or no longer");

/** As RFC 9470 asks for a later sign-in. The caller is the client the token was issued to, and learns nothing else. */
const loginRevoked = badRequest(
  "this login of the person was revoked here: sign the person in anew (max_age=0), then ask again",
  { members: { max_age: 0 } },
);

const denylistedText = {
  document: "a document of a later sign-in; this very one was burnt",
  auth_time: "a later sign-in; the one of this auth_time was burnt",
  sid: "a later sign-in; the provider's session of this sid was burnt",
  unnamed: "a document that names its login (auth_time or sid), since one of this person with this agent is burnt",
} as const;

/** What auditors and callers are told of each. */
export const subjectTokenDenials: Rows<SubjectTokenDenial> = {
  issuer_untrusted: {
    rule: "trusted issuers are registered, each for one purpose",
    missing: (d) => d.issuer,
    answer: notValid,
  },
  subject_token_invalid: {
    rule: "RFC 8693 2.1: the subject token is valid and of the stated type",
    missing: (d) => d.why,
    answer: notValid,
  },
  subject_token_expired: {
    rule: "RFC 8693 2.1: the subject token lives",
    missing: (d) => `it expired at ${d.expiredAtSeconds}`,
    answer: badRequest("the subject token has expired"),
  },
  subject_token_not_yours: {
    rule: "a token serves its own agent, or the one that serves its audience",
    missing: (d) => d.why,
    answer: notValid,
  },
  subject_token_unbound: {
    rule: "a bearer token opens no next hop",
    missing: "a token that is bound to a key",
    answer: notValid,
  },
  person_token_foreign_client: {
    rule: "the registration's clients",
    missing: (d) => `client ${d.client} at ${d.agent}`,
    answer: notValid,
  },
  person_groups_unknown: {
    rule: "the groups of the person's issuer",
    missing: (d) => `${d.issuer}: ${d.why}`,
    answer: badRequest("the subject token does not say in which groups the person is"),
  },
  groups_redefined: {
    rule: "a person's groups are those the person was in when they logged in",
    missing: (d) => `a login by the groups of ${d.issuerName} as they are now`,
    answer: badRequest("the groups of the person's issuer mean others now: log the person in anew"),
  },
  person_token_burnt: {
    rule: "the login of a revoked root opens no more sessions for its agent",
    missing: (d) => denylistedText[d.by],
    answer: loginRevoked,
  },
  person_token_before_cut: {
    rule: "after a cut only a later sign-in counts",
    missing: (d) => `a sign-in after ${d.cutAtSeconds} and the skew of clocks`,
    answer: loginRevoked,
  },
  actor_token_mismatch: {
    rule: "the actor is the authenticated agent",
    missing: (d) => d.why,
    answer: badRequest("the actor token is not the authenticated agent's"),
  },
  parent_dead: {
    rule: aliveRule,
    missing: (d) => deathText(d.cause),
    answer: notValid,
  },
};
