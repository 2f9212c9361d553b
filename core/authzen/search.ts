import type { Denial } from "../denial/denial.ts";
import type { Session } from "../model/session.ts";
import type { Read } from "./decide.ts";
import { methods, type Question } from "./question.ts";

/** What a search found, of whose session, and why nothing at all could be found. */
interface Found {
  readonly results: readonly object[];
  readonly of?: Session;
  readonly refusal?: Denial;
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
  const all = read.registry.resource(target.server)?.tools ?? [];
  const callable = all.filter(({ name }) => read.decide({ ...question, target: { ...target, name } }, true).outcome.ok);
  const results = callable.map(({ name, digests }) => ({
    ...{ type: "tool", id: name },
    // a gateway shows its caller no declaration that nobody looked at: a model reads it before it calls anything
    properties: { server: target.server, ...(digests ? { digests } : {}) },
  }));
  return { results, ...(session ? { of: session } : {}) };
}

function actions(question: Question, read: Read): Found {
  const [first = "", ...others] = methods[question.target.type];
  const { outcome, session } = read.decide({ ...question, method: first }, true);
  const results = outcome.ok ? [first, ...others].map((name) => ({ name })) : [];
  return { results, ...(session ? { of: session } : {}), ...(outcome.ok ? {} : { refusal: outcome.error }) };
}
