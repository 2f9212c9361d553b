import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";

/**
 * What policies can read of a question. The rest need not be sent to Cedar: it changes neither the decision nor which
 * policies determined it.
 */
export interface Reads {
  /** Whether a policy can tell one principal from another of the same type; `resource` likewise. */
  readonly principal: boolean;
  readonly resource: boolean;
  /** Whether the context is read as a whole, and not only by its members' names. */
  readonly wholeContext: boolean;
  /** Names of members that are read, of any object. */
  readonly names: ReadonlySet<string>;
  /** Whether a policy asks for an entity's parents or tags. */
  readonly hierarchy: boolean;
  readonly tags: boolean;
  /** Entities that conditions name literally, by {@link nameOf}. */
  readonly named: ReadonlySet<string>;
}

/** An entity as one text; types contain no blank, so no two entities share a text. */
export const nameOf = ({ type, id }: cedarWasm.TypeAndId): string => `${type} ${id}`;

/**
 * What one policy, or any of several, can read of a question.
 * @param policies in JSON form (Cedar's EST)
 * @returns undefined when something in them has an unknown form: then nothing may be left out
 */
export function readsOf(policies: readonly cedarWasm.PolicyJson[]): Reads | undefined {
  const found: Found = {
    principal: false,
    resource: false,
    wholeContext: false,
    names: new Set(),
    hierarchy: false,
    tags: false,
    named: new Set(),
  };
  for (const { principal, resource, conditions } of policies) {
    if (!scope(principal, "principal", found) || !scope(resource, "resource", found)) return undefined;
    if (!conditions.every(({ body }) => expression(body, found))) return undefined;
  }
  return found;
}

type Found = { -readonly [Name in keyof Reads]: Reads[Name] extends ReadonlySet<string> ? Set<string> : Reads[Name] };

/** Notes what a scope's constraint reads; false when its form is unknown. */
function scope(
  constraint: cedarWasm.PrincipalConstraint | cedarWasm.ResourceConstraint,
  of: "principal" | "resource",
  found: Found,
): boolean {
  const isIn = constraint.op === "in" || (constraint.op === "is" && constraint.in !== undefined);
  if (constraint.op === "==" || isIn) found[of] = true;
  if (isIn) found.hierarchy = true;
  return ["All", "==", "in", "is"].includes(constraint.op);
}

/** Operators that read nothing but their operands, all of them expressions. */
const plain: ReadonlySet<string> = new Set(
  "! neg isEmpty == != < <= > >= && || + - * contains containsAll containsAny if-then-else".split(" "),
);
const operandNames: ReadonlySet<string> = new Set(["left", "right", "arg", "if", "then", "else"]);

/** Notes what an expression reads; false when anything in it has an unknown form. */
function expression(whole: unknown, found: Found): boolean {
  // authors may nest conditions deeply, so no recursion
  const waiting: unknown[] = [whole];
  while (waiting.length > 0) {
    const inner = node(waiting.pop(), found);
    if (!inner) return false;
    for (const one of inner) waiting.push(one);
  }
  return true;
}

/** @returns the expressions inside one node, or undefined when its form is unknown */
function node(value: unknown, found: Found): readonly unknown[] | undefined {
  if (!isRecord(value)) return undefined;
  const [entry, ...more] = Object.entries(value);
  if (!entry || more.length > 0) return undefined;
  const [operator, operands] = entry;
  if (operator === "Value") return literal(operands, found);
  if (operator === "Var") return variable(operands, found);
  // a set's elements, or the arguments of an extension function
  if (Array.isArray(operands)) return operands;
  if (!isRecord(operands)) return undefined;
  if (operator === "Record") return Object.values(operands);
  if (operator === "." || operator === "has") return member(operands, found);
  if (operator === "like") return [operands.left];
  if (operator === "is") {
    if (operands.in === undefined) return [operands.left];
    found.hierarchy = true;
    return [operands.left, operands.in];
  }
  if (operator === "in") found.hierarchy = true;
  else if (operator === "getTag" || operator === "hasTag") found.tags = true;
  else if (!plain.has(operator)) return undefined;
  return Object.keys(operands).every((name) => operandNames.has(name)) ? Object.values(operands) : undefined;
}

function member({ left, attr }: Readonly<Record<string, unknown>>, found: Found): readonly unknown[] | undefined {
  // `has` takes a path as well as a name
  const path: unknown = typeof attr === "string" ? [attr] : attr;
  if (!Array.isArray(path) || !path.every((name) => typeof name === "string")) return undefined;
  for (const name of path) found.names.add(name);
  return isRecord(left) && left.Var === "context" ? [] : [left];
}

function variable(name: unknown, found: Found): readonly unknown[] | undefined {
  if (name === "principal" || name === "resource") found[name] = true;
  else if (name === "context") found.wholeContext = true;
  else if (name !== "action") return undefined;
  return [];
}

function literal(value: unknown, found: Found): readonly unknown[] {
  for (const name of entitiesIn(value)) found.named.add(name);
  return [];
}

/** Names of the entities that a value of Cedar's JSON form refers to. */
export function* entitiesIn(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const inner of value) yield* entitiesIn(inner);
  else if (isRecord(value)) {
    if (isRecord(value.__entity)) yield nameOf(value.__entity as unknown as cedarWasm.TypeAndId);
    else for (const inner of Object.values(value)) yield* entitiesIn(inner);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
