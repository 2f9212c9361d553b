import { notProvedText, unknownEvidenceText } from "../../model/wire.ts";
import { badClient, badRequest, badTarget, later, type Rows } from "../row.ts";

/** Refusals about attestation, each with its facts. */
export type AttestationDenial =
  | { readonly code: "challenge_invalid"; readonly why: "malformed" | "foreign" | "expired" | "used" }
  | { readonly code: "evidence_unsupported"; readonly type: string }
  | { readonly code: "evidence_invalid"; readonly type: string; readonly check: string; readonly why: string }
  | { readonly code: "evidence_expired"; readonly type: string; readonly expiredAtSeconds: number }
  | { readonly code: "evidence_replayed"; readonly type: string }
  | { readonly code: "evidence_of_another_key"; readonly type: string }
  | { readonly code: "evidence_insufficient"; readonly type: string; readonly why: string }
  | { readonly code: "evidence_unbound"; readonly type: string; readonly field: "challenge" | "jkt" | "issuer" }
  | { readonly code: "keys_unavailable"; readonly issuer: string; readonly why: string }
  | { readonly code: "attestation_unavailable"; readonly type: string; readonly why: string }
  | { readonly code: "agent_unknown"; readonly agent: string }
  | { readonly code: "agent_inactive"; readonly agent: string; readonly state: string }
  | { readonly code: "selector_mismatch"; readonly agent: string; readonly missing: string }
  | { readonly code: "assurance_too_low"; readonly required: string; readonly actual: string }
  | { readonly code: "build_not_released"; readonly agent: string; readonly build: string }
  | { readonly code: "audience_not_registered"; readonly audience: string };

/** One answer for several refusals: an attacker must not learn which agents exist or which rule did not match. */
const notProved = badClient(notProvedText);

/** What auditors and callers are told of each. */
export const attestationDenials: Rows<AttestationDenial> = {
  challenge_invalid: {
    rule: "a challenge is ours, a minute old at most and used once",
    missing: (d) => `it is ${d.why}`,
    answer: {
      status: 400,
      error: "use_attestation_challenge",
      description: (d) => `fetch a new challenge: this one is ${d.why}`,
    },
  },
  evidence_unsupported: {
    rule: "the stage's attestors",
    missing: (d) => d.type,
    answer: badRequest(unknownEvidenceText),
  },
  evidence_invalid: {
    rule: "evidence proves the named agent by its registration",
    missing: (d) => `${d.type}, check ${d.check}: ${d.why}`,
    answer: notProved,
  },
  evidence_expired: {
    rule: "evidence is fresh",
    missing: (d) => `${d.type} ended at ${d.expiredAtSeconds}`,
    answer: badClient("the evidence has expired; fetch a fresh one"),
  },
  evidence_replayed: {
    rule: "evidence attests once",
    missing: (d) => `${d.type} that was not used before`,
    answer: notProved,
  },
  evidence_of_another_key: {
    rule: "evidence belongs to the first key it came with",
    missing: (d) => `the first key of this ${d.type}`,
    answer: notProved,
  },
  evidence_insufficient: {
    rule: "the registration's code binding",
    missing: (d) => `${d.type}: ${d.why}`,
    answer: notProved,
  },
  evidence_unbound: {
    rule: "evidence carries our challenge, key and issuer",
    missing: (d) => `${d.type} without our ${d.field}`,
    answer: notProved,
  },
  keys_unavailable: {
    rule: "a document is accepted only when its issuer's keys verify it",
    missing: (d) => `${d.issuer}: ${d.why}`,
    answer: later("the keys of the issuer could not be fetched; try again"),
  },
  attestation_unavailable: {
    rule: "evidence is accepted only when its platform confirms it",
    missing: (d) => `${d.type}: ${d.why}`,
    answer: later("the platform that vouches for the evidence did not answer; try again"),
  },
  agent_unknown: {
    rule: "agents are registered",
    missing: (d) => `a registration of ${d.agent}`,
    answer: notProved,
  },
  agent_inactive: {
    rule: "only active agents act",
    missing: (d) => `${d.agent} is ${d.state}`,
    answer: badClient("the agent is not active"),
  },
  selector_mismatch: {
    rule: "the registration's selectors",
    missing: (d) => d.missing,
    answer: notProved,
  },
  assurance_too_low: {
    rule: "the registration's minimum assurance",
    missing: (d) => `${d.required}; proved ${d.actual}`,
    answer: badClient((d) => `this agent needs an attestation of level ${d.required}`),
  },
  build_not_released: {
    rule: "the registration's releases",
    missing: (d) => `a release with digest ${d.build}`,
    answer: badClient("the code is not a release that is registered for this agent"),
  },
  audience_not_registered: {
    rule: "the registration's audiences",
    missing: (d) => d.audience,
    answer: badTarget("the audience is not registered for this agent"),
  },
};
