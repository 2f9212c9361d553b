import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type Call, decidePaths } from "../model/wire.ts";
import { parseBoundedJson } from "../text/json.ts";
import type { Form } from "./answer.ts";
import { type Members, membersOf, readEntities } from "./entities.ts";
import { type Question, questionOf } from "./question.ts";

/** How several questions of one call are answered (AuthZEN 1.0, Evaluations Semantics). */
type Semantics = "execute_all" | "deny_on_first_deny" | "permit_on_first_permit";

/** A call of the decision point that was read, nothing of it believed. */
export type Asked =
  | { readonly kind: "evaluation"; readonly question: Result<Question, Denial> }
  | {
      readonly kind: "evaluations";
      readonly questions: readonly Result<Question, Denial>[];
      readonly semantics: Semantics;
      /** Set where the call had no list of questions, and is answered like a single one. */
      readonly isSingle: boolean;
    }
  | { readonly kind: "search"; readonly of: "resource" | "action"; readonly question: Result<Question, Denial> };

const questionPaths = ["evaluation", "evaluations", "resource", "action"] as const;

/** What the gateway tells of the body beside the call: Envoy sends the first part of one that is longer than its limit. */
interface Carriage {
  readonly isPartial: boolean;
}

/**
 * Reads a call: its path, bounded JSON, its shape by AuthZEN. What is well formed and means nothing here is a question
 * that is answered with no.
 * @returns what was asked, or `not_found`, `method_not_allowed`, `body_partial`, `body_too_large`,
 * `malformed_request`, `parameter_missing`, `parameter_invalid`, `questions_many`
 */
export function readAsked(call: Call, { isPartial }: Carriage): Result<Asked, Denial> {
  const path = questionPaths.find((name) => decidePaths[name] === call.path);
  if (path === undefined) return err({ code: "not_found", path: call.path.slice(0, 100) });
  const body = readBody(call, { isPartial });
  if (!body.ok) return body;
  switch (path) {
    case "evaluation":
      return evaluation(body.value);
    case "evaluations":
      return evaluations(body.value);
    case "resource":
    case "action":
      return search(body.value, path);
  }
}

/** The form of the answer to a path, before its body was read. */
export const formOf = (path: string): Form =>
  path.includes("/access/v1/search/") ? { kind: "search" } : { kind: "evaluation" };

/**
 * Reads the body of a call: whole, bounded JSON.
 * @param depth levels of nesting that are accepted
 */
export function readBody(
  call: Call,
  { isPartial }: Carriage,
  depth: number = limits.jsonDepth,
): Result<Members, Denial> {
  if (call.method !== "POST")
    return err({ code: "method_not_allowed", method: call.method.slice(0, 20), allow: "POST" });
  if (isPartial) return err({ code: "body_partial" });
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  // a 400, and not the 415 that other endpoints answer: AuthZEN 1.0 certification, Invalid content type
  if (type !== "application/json")
    return err({ code: "malformed_request", what: "the content type is application/json" });
  const bytes = Buffer.byteLength(call.body);
  if (bytes > limits.requestBodyBytes)
    return err({ code: "body_too_large", bytes, limitBytes: limits.requestBodyBytes });
  const parsed = parseBoundedJson(call.body, depth);
  if (!parsed.ok) return err({ code: "malformed_request", what: parsed.error });
  const body = membersOf(parsed.value);
  return body ? ok(body) : err({ code: "malformed_request", what: "send a JSON object" });
}

function evaluation(body: Members): Result<Asked, Denial> {
  const entities = readEntities(body);
  return entities.ok ? ok({ kind: "evaluation", question: questionOf(entities.value) }) : entities;
}

function search(body: Members, of: "resource" | "action"): Result<Asked, Denial> {
  const entities = readEntities(body, of === "resource" ? { resourceId: true } : { action: true });
  return entities.ok ? ok({ kind: "search", of, question: questionOf(entities.value) }) : entities;
}

const semantics: readonly Semantics[] = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"];

/** Without a list of questions the call is one question (AuthZEN 1.0, Access Evaluations Request). */
function evaluations(body: Members): Result<Asked, Denial> {
  const { evaluations: list = [], options = {} } = body;
  if (!Array.isArray(list)) return err({ code: "parameter_invalid", name: "evaluations", why: "must be a list" });
  const { evaluations_semantic: named = "execute_all" } = membersOf(options) ?? {};
  const how = semantics.find((one) => one === named);
  if (!how)
    return err({
      code: "parameter_invalid",
      name: "options",
      why: `evaluations_semantic is one of ${semantics.join(", ")}`,
    });
  if (list.length === 0) {
    const entities = readEntities(body);
    if (!entities.ok) return entities;
    return ok({ kind: "evaluations", questions: [questionOf(entities.value)], semantics: how, isSingle: true });
  }
  if (list.length > limits.decisionsPerCall)
    return err({ code: "questions_many", questions: list.length, sessions: 0 });
  // what is wrong with one question is that question's, and the others are answered
  const questions = list.map((one) => {
    const entities = readEntities(withDefaults(membersOf(one) ?? {}, body));
    return entities.ok ? questionOf(entities.value) : entities;
  });
  const sessions = new Set(questions.flatMap((one) => (one.ok ? [one.value.sid] : []))).size;
  if (sessions > limits.decisionSessions) return err({ code: "questions_many", questions: list.length, sessions });
  return ok({ kind: "evaluations", questions, semantics: how, isSingle: false });
}

/**
 * What a question leaves out stands beside the list. A question's own entity replaces that one whole, except for the
 * members it must have (AuthZEN certification scenario, Batch with default value merging).
 */
function withDefaults(one: Members, body: Members): Members {
  const merged = (name: "subject" | "action" | "resource", ...required: readonly string[]) => {
    const own = one[name] ?? body[name];
    const [members, above] = [membersOf(own), membersOf(body[name])];
    if (!members || !above || own === body[name]) return own;
    const filled = required.flatMap((member) =>
      member in members || !(member in above) ? [] : [[member, above[member]]],
    );
    return { ...members, ...Object.fromEntries(filled) };
  };
  return {
    subject: merged("subject", "type", "id"),
    action: merged("action", "name"),
    resource: merged("resource", "type", "id"),
    context: one.context ?? body.context,
  };
}
