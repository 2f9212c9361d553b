/** Statements of policies: read strictly, and matched with a request's action, resource and conditions. */
import { type Conditions, checkConditions, many, readyConditions } from "./conditions.ts";
import { type Context, globTest, hasVariable, textTest } from "./patterns.ts";

/** One statement of a policy, as IAM writes it. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Conditions;
}

/** What a statement is matched with. */
interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
}

const elements = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
const pairs = [
  ["Principal", "NotPrincipal"],
  ["Action", "NotAction"],
  ["Resource", "NotResource"],
] as const;

/**
 * Reads a policy document and refuses what the evaluator does not know, so that a policy is never half enforced.
 * @param document the document, as object or as JSON text
 * @param where who carries it, for the error's message
 * @returns its statements
 */
export function readPolicy(document: unknown, where: string): Statement[] {
  const parsed: unknown = typeof document === "string" ? JSON.parse(document) : document;
  if (!isObject(parsed)) throw new Error(`policy of ${where}: it is no object`);
  const { Version, Statement: found } = parsed;
  if (Version !== undefined && Version !== "2012-10-17" && Version !== "2008-10-17")
    throw new Error(`policy of ${where}: there is no version ${String(Version)}`);
  // Before 2012 a variable was plain text: a policy that means one would allow or deny something else.
  if (Version !== "2012-10-17" && hasVariable(JSON.stringify(found)))
    throw new Error(`policy of ${where}: it holds variables, and no Version 2012-10-17`);
  const statements = (Array.isArray(found) ? found : [found]) as Statement[];
  if (!statements.every(isObject)) throw new Error(`policy of ${where}: its Statement is none`);
  for (const statement of statements) checkStatement(statement, where);
  return statements;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function checkStatement(statement: Statement, where: string): void {
  for (const element of Object.keys(statement)) {
    if (!elements.includes(element))
      throw new Error(`policy of ${where}: element ${element} is not known to local/emulator/iam/statement.ts`);
  }
  for (const [one, other] of pairs) {
    if (statement[one] !== undefined && statement[other] !== undefined)
      throw new Error(`policy of ${where}: ${one} and ${other} stand in one statement`);
  }
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw new Error(`policy of ${where}: no Effect`);
  if (statement.Action === undefined && statement.NotAction === undefined)
    throw new Error(`policy of ${where}: a statement names no action`);
  // It would allow everybody else on earth, anonymous callers included: AWS warns of it, nobody means it.
  if (statement.NotPrincipal !== undefined && statement.Effect === "Allow")
    throw new Error(`policy of ${where}: NotPrincipal stands beside Allow`);
  checkConditions(statement.Condition ?? {}, where);
}

/** A statement made ready once: every call of this cloud is matched with dozens of them. */
interface Ready {
  readonly names: (action: string) => boolean;
  readonly reaches: (resource: string, context: Context) => boolean;
  readonly holds: (context: Context) => boolean;
}

/** Goes with the statement: a policy that is replaced brings statements of its own. */
const made = new WeakMap<Statement, Ready>();

/** Whether a statement speaks of this action on this resource under these conditions; whom it speaks of is not asked. */
export function speaksOf(statement: Statement, { action, resource, context }: Asked): boolean {
  const ready = made.get(statement) ?? readyStatement(statement);
  return ready.names(action) && ready.reaches(resource, context) && ready.holds(context);
}

function readyStatement(statement: Statement): Ready {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const actions = many(Action ?? NotAction).map(globTest);
  const resources = Resource ?? NotResource;
  const tests = many(resources).map((text) =>
    hasVariable(text)
      ? (resource: string, context: Context) => textTest(text, context, { wildcards: true })(resource)
      : textTest(text, {}, { wildcards: true }),
  );
  const ready: Ready = {
    names: (action) => actions.some((test) => test(action)) === (Action !== undefined),
    reaches: (resource, context) =>
      resources === undefined || tests.some((test) => test(resource, context)) === (Resource !== undefined),
    holds: readyConditions(Condition),
  };
  made.set(statement, ready);
  return ready;
}
