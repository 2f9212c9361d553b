import { badDetails, badScope, badTarget, type Rows } from "../row.ts";

/** Refusals about the resources, scopes and details that a request asks for, each with its facts. */
export type GrantDenial =
  | { readonly code: "resource_missing" }
  | { readonly code: "resource_unknown"; readonly resource: string }
  | { readonly code: "server_dead"; readonly resource: string; readonly agent: string; readonly state: string }
  | { readonly code: "resource_several"; readonly count: number; readonly limit?: number }
  | { readonly code: "bearer_not_allowed"; readonly resource: string }
  | { readonly code: "scope_missing" }
  | { readonly code: "scope_unknown"; readonly scopes: readonly string[] }
  | { readonly code: "scope_exceeds"; readonly by: ScopeBound; readonly scopes: readonly string[] }
  | { readonly code: "details_invalid"; readonly type: string; readonly why: string }
  | { readonly code: "details_exceed"; readonly type: string; readonly field: string }
  | { readonly code: "details_unmapped"; readonly type: string }
  | {
      readonly code: "details_required";
      readonly resource: string;
      readonly scopes: readonly string[];
      readonly types: readonly string[];
    };

/** The bound that a scope exceeded. */
export type ScopeBound = "parent" | "offer" | "registration" | "quarantine" | "lending" | "entailment" | "assertion";

const boundWords = {
  parent: "session, or the token presented for it, holds",
  offer: "offer holds",
  registration: "agent is registered for",
  quarantine: "agent's profile for quarantine holds",
  lending: "principal may lend",
  assertion: "assertion holds",
  entailment: "presented token entails",
} as const;

/** What auditors and callers are told of each. */
export const grantDenials: Rows<GrantDenial> = {
  resource_missing: {
    rule: "RFC 8707 2: a request names its resource",
    missing: "resource",
    answer: badTarget("name the resource"),
  },
  resource_unknown: {
    rule: "resources are registered",
    missing: (d) => d.resource,
    answer: badTarget("the resource is not registered here"),
  },
  server_dead: {
    rule: "a resource is dead with its server",
    missing: (d) => `${d.agent}, which serves ${d.resource}, is ${d.state}`,
    answer: badTarget("the server of the resource is suspended or revoked"),
  },
  resource_several: {
    rule: "an access token is for exactly one resource",
    missing: (d) => `${d.limit ?? "one"} instead of ${d.count}`,
    answer: badTarget((d) =>
      d.limit === undefined
        ? "an access token is for one resource; ask for a session token to cover several"
        : `a request may name at most ${d.limit} resources`,
    ),
  },
  bearer_not_allowed: {
    rule: "bearer tokens must be allowed by the stage too",
    missing: (d) => `bearerAccessTokens, for ${d.resource}`,
    answer: badTarget("the resource takes bearer tokens only, and this deployment issues none"),
  },
  scope_missing: {
    rule: "a request names its scopes",
    missing: "scope",
    answer: badScope("name the scope"),
  },
  scope_unknown: {
    rule: "a scope belongs to a named resource",
    missing: (d) => d.scopes.join(" "),
    answer: badScope(
      (d) =>
        `not declared by a named resource: ${d.scopes.join(" ")}${
          d.scopes.some((scope) => /[,\s]/.test(scope)) ? "; scopes are separated by blanks" : ""
        }`,
    ),
  },
  scope_exceeds: {
    rule: "scopes are all or nothing, within every bound",
    missing: (d) => `by the ${d.by}: ${d.scopes.join(" ")}`,
    answer: badScope((d) => `refused, beyond what the ${boundWords[d.by]}: ${d.scopes.join(" ")}`),
  },
  details_invalid: {
    rule: "RFC 9396 5: details are of their registered type",
    missing: (d) => `${d.type}: ${d.why}`,
    answer: badDetails((d) => `authorization detail ${d.type}: ${d.why}`),
  },
  details_exceed: {
    rule: "a detail is provably narrower than what it comes from",
    missing: (d) => `${d.type}, ${d.field}`,
    answer: badDetails((d) => `authorization detail ${d.type}: ${d.field} is not provably narrower`),
  },
  details_unmapped: {
    rule: "the entailment says how details carry over",
    missing: (d) => `a mapping of ${d.type}`,
    answer: badDetails((d) => `authorization detail ${d.type} does not carry over to the next resource`),
  },
  details_required: {
    rule: "the resource grants these scopes with details only",
    missing: (d) => `${d.types.join(" or ")} for ${d.scopes.join(" ")}`,
    answer: badDetails(
      (d) => `${d.scopes.join(" ")} is granted only with authorization details of type ${d.types.join(" or ")}`,
    ),
  },
};
