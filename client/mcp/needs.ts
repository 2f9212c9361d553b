import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { DetailsUse } from "../../core/verify/permits.ts";
import { type Cost, costSum } from "../resource/cost.ts";

/** What one operation needs. */
export interface OperationNeeds {
  /** Every scope it needs, together. */
  readonly scopes: readonly string[];
  /** What it is about to do, in the terms of the details types the guard was told of; see `permits`. */
  readonly use?: DetailsUse;
  /** The most that it can cost, where budgets bound money: reserved before it is let in; see `reserved` of its caller. */
  readonly costAtMost?: Cost;
  /** RFC 9396 details that a client should ask for to be admitted; sent with a refusal, so it must hold no secret. */
  readonly asks?: readonly AuthorizationDetail[];
}

/** Arguments of a tool, or parameters of a method, as they came: nobody has validated them yet. */
export type Given = Readonly<Record<string, unknown>>;

/** What a tool needs: its scopes, or a function of its arguments. One that throws refuses the call as invalid. */
export type Rule = readonly string[] | ((given: Given) => OperationNeeds);

/**
 * What each tool needs, by its exact name. A tool that is not named here cannot be called: names are compared as they
 * are, so no other case or look-alike of a name reaches the server.
 */
export type ToolRules = Readonly<Record<string, Rule>>;

/** One message of a body, as far as it is judged. */
export interface Message {
  readonly id: string | number | undefined;
  /** Absent in the answer to a request of the server. */
  readonly method: string | undefined;
  readonly params: Given;
}

/** Why a message cannot be judged: an error of JSON-RPC 2.0 5.1. */
export interface Unfit {
  readonly id: string | number | undefined;
  readonly code: -32_700 | -32_600 | -32_601 | -32_602;
  readonly message: string;
  /** What a rule threw, for the application's log. */
  readonly cause?: unknown;
}

/** What a whole body needs, or why it is refused. */
type Judged = { readonly needs: readonly OperationNeeds[] } | { readonly unfit: Unfit };

/**
 * Methods that need a token and no scope: they tell of the server and its tools, or are about a call that was admitted.
 * Every other one needs a rule.
 */
export const openMethods: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "logging/setLevel",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

/** What the messages of one body need. */
export function needsOf(
  messages: readonly Message[],
  tools: ToolRules,
  methods: Readonly<Record<string, Rule>>,
): Judged {
  const needs: OperationNeeds[] = [];
  for (const message of messages) {
    const judged = judge(message, tools, methods);
    if (judged && "code" in judged) return { unfit: judged };
    if (judged) needs.push(judged);
  }
  return { needs };
}

function judge(
  { id, method, params }: Message,
  tools: ToolRules,
  methods: Readonly<Record<string, Rule>>,
): OperationNeeds | Unfit | undefined {
  if (method === undefined) return undefined;
  if (method === "tools/call") {
    const { name, arguments: given = {} } = params;
    if (typeof name !== "string" || !Object.hasOwn(tools, name)) return { id, code: -32_602, message: "Unknown tool" };
    return isGiven(given) ? applied(tools[name] as Rule, given, id) : invalid(id);
  }
  if (Object.hasOwn(methods, method)) return applied(methods[method] as Rule, params, id);
  return openMethods.has(method) ? undefined : { id, code: -32_601, message: "Method not found" };
}

function applied(rule: Rule, given: Given, id: Message["id"]): OperationNeeds | Unfit {
  if (typeof rule !== "function") return { scopes: rule };
  try {
    const needs = rule(given);
    if (!areScopes(needs.scopes)) throw new TypeError("a rule names scopes, and no other texts");
    return needs;
  } catch (cause) {
    return { ...invalid(id), cause };
  }
}

/**
 * The most that a whole body can cost; undefined where nothing of it has a price.
 * @throws TypeError for two currencies in one body
 */
export const costOf = (needs: readonly OperationNeeds[]): Cost | undefined =>
  costSum(needs.flatMap(({ costAtMost }) => costAtMost ?? []));

/** RFC 6749 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Whether these are scopes. That none is needed is nothing that a rule can say: it would be a mistake. */
export const areScopes = (scopes: unknown): scopes is readonly string[] =>
  Array.isArray(scopes) && scopes.length > 0 && scopes.every((one) => typeof one === "string" && scopeToken.test(one));

const invalid = (id: Message["id"]): Unfit => ({ id, code: -32_602, message: "Invalid params" });

/** Whether a value is an object of JSON. */
export const isGiven = (value: unknown): value is Given =>
  typeof value === "object" && value !== null && !Array.isArray(value);
