import { badRequest, badTarget, type Rows } from "../row.ts";

/** Refusals about offers, each with its facts. */
export type OfferDenial =
  | { readonly code: "offer_unknown" }
  | { readonly code: "offer_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "offer_withdrawn" }
  | { readonly code: "offer_for_another_agent"; readonly offeredTo: string; readonly agent: string }
  | { readonly code: "offer_redeemed_by_another_key" }
  | { readonly code: "takeover_refused"; readonly why: string }
  | { readonly code: "offer_target_unknown"; readonly audience: string }
  | { readonly code: "offer_targets_several"; readonly count: number };

const oneSession = "an offer opens one session, for the one agent it names, until it ends";

/** One answer for several refusals: somebody who tries handles must not learn which offers exist. */
const noSuchOffer = badRequest("there is no such offer for this agent");

/** What auditors and callers are told of each. */
export const offerDenials: Rows<OfferDenial> = {
  offer_unknown: {
    rule: oneSession,
    missing: "such an offer",
    answer: noSuchOffer,
  },
  offer_expired: {
    rule: oneSession,
    missing: (d) => `it ended at ${d.expiredAtSeconds}`,
    answer: badRequest("the offer has expired"),
  },
  offer_withdrawn: {
    rule: oneSession,
    missing: "its giver withdrew it",
    answer: noSuchOffer,
  },
  offer_for_another_agent: {
    rule: oneSession,
    missing: (d) => `it names ${d.offeredTo}, not ${d.agent}`,
    answer: noSuchOffer,
  },
  offer_redeemed_by_another_key: {
    rule: oneSession,
    missing: "the key that redeemed it first",
    answer: badRequest("the offer was redeemed with another key"),
  },
  takeover_refused: {
    rule: "a key that takes a session over runs the same code and is proved as well",
    missing: (d) => d.why,
    answer: badRequest((d) => `the offer's session cannot be taken over: ${d.why}`),
  },
  offer_target_unknown: {
    rule: "offers are held out to registered agents",
    missing: (d) => d.audience,
    answer: badTarget("an offer names one registered agent of this deployment as audience"),
  },
  offer_targets_several: {
    rule: "an offer is held out to one agent",
    missing: (d) => `one audience instead of ${d.count}`,
    answer: badTarget("an offer is held out to one agent: name one audience"),
  },
};
