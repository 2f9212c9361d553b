import { badRequest, forbidden, type Rows } from "../row.ts";

/** Refusals about introspection, revocation and administration, each with its facts. */
export type AdminDenial =
  | { readonly code: "not_a_resource_server"; readonly agent: string }
  | { readonly code: "not_the_owner"; readonly sid: string }
  | { readonly code: "token_not_revocable"; readonly kind: "identity" }
  | { readonly code: "cut_only_unprovable"; readonly target: string; readonly why: string }
  | {
      readonly code: "target_unknown";
      readonly target: string;
      readonly why: "foreign" | "not_registered" | "never_seen" | "never_revoked" | "owns_nothing";
      /** An existing name that was probably meant. */
      readonly meant?: string;
    }
  | { readonly code: "successor_missing"; readonly purpose: string; readonly algorithms: readonly string[] }
  | { readonly code: "caller_not_authorized"; readonly why: string };

/** Only operators are told this. */
function unknownTarget({ target, why, meant }: Extract<AdminDenial, { code: "target_unknown" }>): string {
  const perhaps = meant === undefined ? "" : `; did you mean ${meant}?`;
  switch (why) {
    case "foreign":
      return "there is nothing of that name here";
    case "not_registered":
      return `no agent ${target.replace(/^agent:/, "")} is registered, and no session of it is known${perhaps}`;
    case "never_revoked":
      return `nothing was ever revoked under ${target}${perhaps}`;
    case "owns_nothing":
      return `${target} owns no registered agent: nothing waits for its confirmation`;
    case "never_seen":
      return target.startsWith("session:")
        ? `${target} is not known; if it ever was, it has been over for a day or more`
        : `no session under ${target} is known${perhaps || "; member unseen (--unseen) blocks it in advance"}`;
  }
}

/** What auditors and callers are told of each. */
export const adminDenials: Rows<AdminDenial> = {
  not_a_resource_server: {
    rule: "RFC 7662 2.1: resource servers ask",
    missing: (d) => `a resource that ${d.agent} serves`,
    answer: forbidden("only resource servers may introspect"),
  },
  not_the_owner: {
    rule: "RFC 7009 2.1: an agent ends what is its own",
    missing: (d) => `ownership of session ${d.sid}`,
    answer: forbidden("an agent ends its own sessions, those below them and its own offers"),
  },
  token_not_revocable: {
    rule: "RFC 7009 2.2.1: sessions and offers can be ended",
    missing: (d) => `an ${d.kind} token is neither`,
    answer: {
      status: 400,
      error: "unsupported_token_type",
      description: "identity tokens end by themselves; an operator revokes the agent",
    },
  },
  cut_only_unprovable: {
    rule: "a cut without a block needs people whose logins can be told apart",
    missing: (d) => d.why,
    answer: badRequest((d) => `cutOnly would leave no way to tell a new login from an old one: ${d.why}; leave it out`),
  },
  target_unknown: {
    rule: "the target of an operator's order must exist",
    missing: (d) => `${d.target}: ${d.why}${d.meant === undefined ? "" : `, perhaps ${d.meant}`}`,
    answer: {
      status: 404,
      error: "not_found",
      description: (d) => `nothing was changed: ${unknownTarget(d)}`,
    },
  },
  successor_missing: {
    rule: "a key leaves only when another can sign in its place",
    missing: (d) => `a known idle key of ${d.purpose}${d.algorithms.map((alg) => `/${alg}`).join(" ")}`,
    answer: {
      status: 409,
      error: "successor_missing",
      description: (d) =>
        `nothing was changed: no idle ${d.algorithms.join(" and no idle ")} key of ${d.purpose} is known to every verifier, so that nothing could sign instead. A standby is known a quarter of an hour after it was made (lanyard keys). If none comes, the rotator cannot make keys: docs/runbook.md, RotatorErrors. What cannot wait: lanyard revoke --deployment`,
    },
  },
  caller_not_authorized: {
    rule: "the platform says who the operator is",
    missing: (d) => d.why,
    answer: forbidden("the caller is not authorized"),
  },
};
