import { changeOf } from "../approvals/tool-changes/change.ts";
import type { Denial } from "../denial/denial.ts";
import type { ToolDeclaration } from "../model/resource-registration.ts";
import type { Session } from "../model/session.ts";
import type { Read } from "./decide.ts";
import { methods, type Question } from "./question.ts";

/** What a search found, of whose session, and why nothing at all could be found. */
interface Found {
  readonly results: readonly object[];
  readonly of?: Session;
  readonly refusal?: Denial;
  /** What is told beside the results. */
  readonly context?: object;
}

/**
 * Searches (AuthZEN 1.0, Search APIs): the tools of a server that a session may call with some arguments, or the
 * methods it may call on one of them. There is no search for subjects: it would list sessions.
 */
export function search(question: Question, of: "resource" | "action", read: Read): Found {
  return of === "resource" ? tools(question, read) : actions(question, read);
}

function tools(question: Question, read: Read): Found {
  const { target } = question;
  if (target.type !== "tool")
    return { results: [], refusal: { code: "question_unsupported", what: "a search for servers" } };
  // whose session it is, and whether it lives, is one answer for all its tools
  const { outcome, session } = read.decide({
    ...question,
    method: "tools/list",
    target: { type: "mcp_server", server: target.server },
  });
  if (!outcome.ok) return { results: [], ...(session ? { of: session } : {}), refusal: outcome.error };
  const all = listed(question, target.server, read);
  const callable = all.filter(
    ({ name, at }) =>
      read.decide({ ...question, target: { ...target, name, ...(at === undefined ? {} : { digest: at }) } }, true)
        .outcome.ok,
  );
  const results = callable.map(({ name, digests }) => ({
    ...{ type: "tool", id: name },
    // a gateway shows its caller no declaration that nobody looked at: a model reads it before it calls anything
    properties: { server: target.server, ...(digests ? { digests } : {}) },
  }));
  const differing = differ(question, target.server, read);
  return {
    ...{ results, ...(session ? { of: session } : {}) },
    ...(differing.length > 0 ? { context: { differs: differing } } : {}),
  };
}

/** A tool that may be found, and the digest at which it is served, where people approved that one. */
interface Listed extends Pick<ToolDeclaration, "name" | "digests"> {
  readonly at?: string;
}

/** The declared tools, each with an approved digest beside the pinned ones, and those that people approved undeclared. */
function listed({ served = new Map() }: Question, server: string, { registry, approved }: Read): readonly Listed[] {
  const declared = registry.resource(server)?.tools ?? [];
  const changed = new Map(
    [...served].flatMap(([tool, digest]) => (approved({ server, tool, digest }) ? [[tool, digest] as const] : [])),
  );
  const names = new Set(declared.map(({ name }) => name));
  return [
    ...declared.map(({ name, digests }): Listed => {
      const at = changed.get(name);
      return at === undefined
        ? { name, ...(digests ? { digests } : {}) }
        : { name, digests: [...(digests ?? []), at], at };
    }),
    ...[...changed].flatMap(([name, at]) => (names.has(name) ? [] : [{ name, digests: [at], at }])),
  ];
}

/** The served tools about which people can be asked, of those that the asker names: it is to tell how they are declared. */
const differ = ({ served = new Map() }: Question, server: string, { registry, approved }: Read): readonly string[] =>
  [...served].flatMap(([tool, digest]) =>
    changeOf({ server, tool, digest }, registry) && !approved({ server, tool, digest }) ? [tool] : [],
  );

function actions(question: Question, read: Read): Found {
  const [first = "", ...others] = methods[question.target.type];
  const { outcome, session } = read.decide({ ...question, method: first }, true);
  const results = outcome.ok ? [first, ...others].map((name) => ({ name })) : [];
  return { results, ...(session ? { of: session } : {}), ...(outcome.ok ? {} : { refusal: outcome.error }) };
}
