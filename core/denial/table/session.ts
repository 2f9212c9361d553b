import { aliveRule, type DeathCause, deathText } from "../death.ts";
import { badRequest, forbidden, later, type Rows } from "../row.ts";

/** Refusals about a session's present state, each with its facts. */
export type SessionDenial =
  | { readonly code: "uses_spent" }
  | { readonly code: "renewal_refused"; readonly why: string }
  | { readonly code: "renewal_overtaken" }
  | { readonly code: "person_key_overtaken" }
  | { readonly code: "blocked"; readonly subject: string; readonly owns?: string }
  | { readonly code: "owner_unconfirmed"; readonly subject: string; readonly owns: string }
  | { readonly code: "quarantined"; readonly agent: string; readonly why: string }
  | { readonly code: "died_in_flight"; readonly cause: DeathCause };

/** What auditors and callers are told of each. */
export const sessionDenials: Rows<SessionDenial> = {
  uses_spent: {
    rule: "a token is used as often as it was granted",
    missing: "a use that is left",
    answer: badRequest("the token has no uses left"),
  },
  renewal_refused: {
    rule: "a renewal stays within every bound of its session",
    missing: (d) => d.why,
    answer: badRequest((d) => `the session cannot be renewed: ${d.why}`),
  },
  renewal_overtaken: {
    rule: "one change of a session at a time",
    missing: "the session's row as it was read",
    answer: later("the session was renewed or taken over by another request at this moment; try again"),
  },
  person_key_overtaken: {
    rule: "a person has one key in the audit",
    missing: "the person's key as it was read",
    answer: later("another first request for this person came at this moment; try again"),
  },
  blocked: {
    rule: "nothing is issued to or for anybody that an operator has blocked",
    missing: (d) => (d.owns === undefined ? d.subject : `${d.subject}, who owns ${d.owns}`),
    answer: forbidden("the agent, person, build or deployment is blocked by an operator"),
  },
  owner_unconfirmed: {
    rule: "nothing is issued to or below an agent whose owner has not signed in, or been confirmed, in the days of `ownerConfirmedDays`",
    missing: (d) => `a login or a confirmation of ${d.subject}, who owns ${d.owns}`,
    answer: forbidden("the agent's owner must sign in, or be confirmed by an operator"),
  },
  quarantined: {
    rule: "a quarantined agent gets what its registration says for that case, and hands nothing on",
    missing: (d) => `${d.why}: ${d.agent}`,
    answer: forbidden("an agent of this request is quarantined: it gets less until an operator lifts that"),
  },
  died_in_flight: {
    rule: aliveRule,
    missing: (d) => `meanwhile ${deathText(d.cause)}`,
    answer: badRequest("what this was issued from was revoked meanwhile"),
  },
};
