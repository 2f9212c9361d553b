import { later, type Rows } from "../row.ts";

/** Refusals about what is missing on our side: fail closed, ask again, each with its facts. */
export type ServiceDenial =
  | { readonly code: "registry_unavailable"; readonly why: string }
  | { readonly code: "liveness_unavailable"; readonly why: string }
  | { readonly code: "status_unsigned"; readonly window: string };

const undecided = later("the service cannot decide right now; try again");

/** What is told of each. */
export const serviceDenials: Rows<ServiceDenial> = {
  registry_unavailable: {
    rule: "nothing is decided without the registry of this moment",
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
