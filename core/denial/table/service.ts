import { later, type Rows } from "../row.ts";

/**
 * Refusals because something is missing on our side, each with its facts. They fail closed; the caller may ask again.
 */
export type ServiceDenial =
  | { readonly code: "registry_unavailable"; readonly why: string }
  | { readonly code: "liveness_unavailable"; readonly why: string }
  | { readonly code: "status_unsigned"; readonly window: string };

const undecided = later("the service cannot decide right now; try again");

/** What auditors and callers are told of each. */
export const serviceDenials: Rows<ServiceDenial> = {
  registry_unavailable: {
    rule: "nothing is decided without the current registry",
    missing: (d) => d.why,
    answer: undecided,
  },
  liveness_unavailable: {
    rule: "nothing is decided without every row of liveness",
    missing: (d) => d.why,
    answer: undecided,
  },
  status_unsigned: {
    rule: "no token names a status list that nobody can fetch",
    missing: (d) => `a signed list of window ${d.window}; the publisher signs it within a minute, if it runs`,
    answer: undecided,
  },
};
