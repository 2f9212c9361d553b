import { limits } from "../../model/limits.ts";
import { forbidden, type Rows } from "../row.ts";

/** Refusals of the decision point. Whoever asks is told "no" and nothing else; only the audit has the reason. */
export type DecideDenial =
  | { readonly code: "question_unsupported"; readonly what: string }
  | { readonly code: "questions_many"; readonly questions: number; readonly sessions: number }
  | { readonly code: "body_partial" }
  | { readonly code: "gateway_unmatched"; readonly why: string }
  | { readonly code: "session_foreign"; readonly why: string }
  | { readonly code: "tool_unknown"; readonly resource: string; readonly tool: string }
  | {
      readonly code: "tool_changed";
      readonly resource: string;
      readonly tool: string;
      /** What who asks says that the server lists. */
      readonly digest: string;
      readonly pinned: readonly string[];
    }
  | {
      readonly code: "tool_held_other";
      readonly resource: string;
      readonly tool: string;
      readonly digest: string;
      /** What the session's agent said of this tool as it opened the session. */
      readonly held: readonly string[];
    }
  | { readonly code: "tool_undigested"; readonly resource: string; readonly tool: string }
  | { readonly code: "change_foreign"; readonly server: string }
  | { readonly code: "changes_full"; readonly server: string }
  | {
      readonly code: "arguments_refused";
      readonly tool: string;
      /** Details type of the session, and its field that the arguments do not satisfy. */
      readonly type: string;
      readonly field: string;
      readonly why: string;
    };

/** One face for all of them, whose difference would tell about sessions that are none of the asker's (threat 41). */
const no = forbidden<unknown>("the decision is no");

/** What is told of each. */
export const decideDenials: Rows<DecideDenial> = {
  question_unsupported: {
    rule: "what the decision point does not understand it does not permit (COAZ-MCP, Unknown Methods)",
    missing: (d) => d.what,
    answer: no,
  },
  questions_many: {
    rule: `one call asks at most ${limits.decisionsPerCall} questions, about at most ${limits.decisionSessions} sessions`,
    missing: (d) => `fewer questions; it asks ${d.questions}, about ${d.sessions} sessions`,
    answer: no,
  },
  body_partial: {
    rule: "a call of which the gateway saw a part only is not decided: the rest could name anything",
    missing: () => "the whole body; the gateway's limit is below it (x-envoy-auth-partial-body)",
    answer: no,
  },
  gateway_unmatched: {
    rule: "a role asks as the one registered agent whose selectors it satisfies",
    missing: (d) => d.why,
    answer: no,
  },
  session_foreign: {
    rule: "an agent asks only about sessions that hold something at a resource it serves or fronts",
    missing: (d) => d.why,
    answer: no,
  },
  tool_unknown: {
    rule: "a tool is one that the registry declares, by exactly its name",
    missing: (d) => `a tool ${d.tool} of ${d.resource}`,
    answer: no,
  },
  tool_changed: {
    rule: "a pinned tool is called only while its server declares it as somebody looked at it",
    missing: (d) => `${d.tool} of ${d.resource} at ${d.pinned.join(" or ")}; it is at ${d.digest}`,
    answer: no,
  },
  tool_held_other: {
    rule: "an agent that said at which of a tool's digests it works is served the tool at no other",
    missing: (d) => `${d.tool} of ${d.resource} at ${d.held.join(" or ")}; it is at ${d.digest}`,
    answer: no,
  },
  tool_undigested: {
    rule: "who asks about a pinned tool says at which digest its server declares it",
    missing: (d) => `a digest of ${d.tool} of ${d.resource}`,
    answer: no,
  },
  change_foreign: {
    rule: "an agent tells of the tools of resources that it serves or fronts, and of no other's (threat 69)",
    missing: (d) => `a resource of its own; it names ${d.server.slice(0, 200)}`,
    answer: forbidden("the caller serves or fronts no such resource"),
  },
  changes_full: {
    rule: `people are asked about at most ${limits.toolChangesOfResource} tools of a resource at a time (threat 69)`,
    missing: (d) => `a place among those of ${d.server}`,
    answer: forbidden(
      "so many changed tools of this resource stand already that nobody is asked: apply what was approved",
    ),
  },
  arguments_refused: {
    rule: "a call stays within the authorization details of its session (RFC 9396)",
    missing: (d) => `${d.type}.${d.field} in the arguments of ${d.tool}: ${d.why}`,
    answer: no,
  },
};
