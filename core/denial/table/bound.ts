import type { Missing } from "../../model/decision.ts";
import { limits } from "../../model/limits.ts";
import type { SignInRule } from "../../model/sign-in.ts";
import { badRequest, badTarget, forbidden, type Rows } from "../row.ts";

/** Refusals about the bounds on a session, those by policy included, each with its facts. */
export type BoundDenial =
  | { readonly code: "lifetime_exceeds"; readonly requestedSeconds: number; readonly allowedSeconds: number }
  | { readonly code: "uses_exceed"; readonly requested: number; readonly allowed: number }
  | { readonly code: "uses_not_counted"; readonly resource: string }
  | {
      readonly code: "token_too_large";
      readonly bytes: number;
      readonly limitBytes: number;
      /** Whether its actors nest deeper than a token is parsed. */
      readonly nests: boolean;
      readonly depth: number;
    }
  | { readonly code: "depth_exceeded"; readonly depth: number; readonly limit: number }
  | {
      readonly code: "policy_denied";
      readonly policies: readonly string[];
      readonly resource: string;
      readonly action: string;
      readonly missing: Missing;
      readonly why: string;
    }
  | ({
      readonly code: "sign_in_insufficient";
      readonly policies: readonly string[];
      readonly resources: readonly string[];
      readonly action: string;
      readonly missing: Missing;
      readonly why: string;
    } & SignInRule)
  | { readonly code: "tool_unregistered"; readonly agent: string; readonly digest: string }
  | { readonly code: "tree_full"; readonly root: string; readonly children: number }
  | {
      readonly code: "rate_exceeded";
      readonly agent: string;
      readonly perSecond: number;
      readonly of?: "vend" | "reveal" | "signal";
    };

const rateWords = {
  issue: "tokens",
  vend: "sets of AWS credentials",
  reveal: "persons' keys",
  signal: "signals",
} as const;

/** As the parameters of an authorization request that brings it about (OpenID Connect Core 3.1.2.1). */
const signInWords = ({ maxAgeSeconds, acrValues }: SignInRule): string =>
  [
    ...(maxAgeSeconds === undefined ? [] : [`max_age=${maxAgeSeconds}`]),
    ...(acrValues === undefined ? [] : [`acr_values=${acrValues.join(" ")}`]),
  ].join(" and ");

/** Which part was refused, without the policies' names, which only the audit tells. */
function refusedPart(missing: Missing): string {
  switch (missing.who) {
    case "principal":
      return "this principal to lend";
    case "agent":
      return "this agent to act";
    case "owner":
      return "this agent's owner to answer for it";
    case "task":
      return `the use of ${missing.tool}`;
    case "question":
      return "this";
  }
}

/** What auditors and callers are told of each. */
export const boundDenials: Rows<BoundDenial> = {
  lifetime_exceeds: {
    rule: "the smallest bound on a life applies",
    missing: (d) => `${d.requestedSeconds} of ${d.allowedSeconds} s`,
    answer: badRequest((d) => `lifetime_seconds may be at most ${d.allowedSeconds} here`),
  },
  uses_exceed: {
    rule: "the smallest bound on uses applies",
    missing: (d) => `${d.requested} of ${d.allowed} uses`,
    answer: badRequest((d) => `max_uses may be at most ${d.allowed} here`),
  },
  uses_not_counted: {
    rule: "uses are counted only at resources that introspect every request",
    missing: (d) => `introspecting at ${d.resource}`,
    answer: badTarget((d) => `uses are not counted at ${d.resource}: it is not registered as introspecting`),
  },
  token_too_large: {
    rule: "a token is no larger than verifiers accept",
    missing: (d) =>
      `${d.bytes} of ${d.limitBytes} bytes at depth ${d.depth}${d.nests ? ", nested too deep" : ""}: fewer hops`,
    answer: badRequest((d) =>
      d.nests
        ? `a chain of depth ${d.depth} nests its actors deeper than tokens are read`
        : `a token of this would have ${d.bytes} bytes; at most ${d.limitBytes} are read`,
    ),
  },
  depth_exceeded: {
    rule: "the strictest agent of a chain bounds its depth",
    missing: (d) => `depth ${d.depth} of ${d.limit}`,
    answer: badRequest((d) => `the delegation would be ${d.depth} deep; at most ${d.limit} here`),
  },
  policy_denied: {
    rule: "policy permits, and forbids nothing",
    missing: (d) => `${d.resource}: ${d.policies.length > 0 ? `forbidden by ${d.policies.join(" ")}` : d.why}`,
    answer: forbidden((d) => `policy does not permit ${refusedPart(d.missing)} at ${d.resource}`),
  },
  sign_in_insufficient: {
    rule: "policy permits this to a person who signed in of late, or in a certain way (RFC 9470 3)",
    missing: (d) => `${d.resources.join(" ")}: ${d.why}: ${signInWords(d)}`,
    answer: {
      status: 400,
      error: "insufficient_user_authentication",
      description: (d) => `have the person sign in again, with ${signInWords(d)}, and ask with the token of that`,
      members: ({ maxAgeSeconds, acrValues }) => ({
        ...(maxAgeSeconds === undefined ? {} : { max_age: maxAgeSeconds }),
        ...(acrValues === undefined ? {} : { acr_values: acrValues.join(" ") }),
      }),
    },
  },
  tool_unregistered: {
    rule: "an agent works with the tools, skills, plugins and scripts that it is registered with, at their digests",
    missing: (d) => `${d.digest} among the tools of ${d.agent}`,
    answer: forbidden((d) => `${d.digest} is not registered for this agent`),
  },
  tree_full: {
    rule: "what must end a tree reads it: it grows by so many children and bytes in a quarter of an hour",
    missing: (d) => `tree ${d.root}: ${d.children} children and offers, ${limits.treeBytes} bytes`,
    answer: forbidden(
      (d) =>
        `this task has as many child sessions and offers as it may get in a quarter of an hour (${d.children} children)`,
    ),
  },
  rate_exceeded: {
    rule: "an agent's bucket of signatures, and of credentials of AWS; an operator's of persons' keys; an issuer's of what it says of its people",
    missing: (d) => `${d.agent}: ${d.perSecond} a second`,
    answer: {
      status: 429,
      error: "slow_down",
      description: (d) => `at most ${d.perSecond} ${rateWords[d.of ?? "issue"]} a second`,
      headers: { "Retry-After": "1" },
    },
  },
};
