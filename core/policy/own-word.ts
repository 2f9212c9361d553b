/**
 * What the caller chooses can only add refusals (threats 25 and 36). Chosen are `context.asserted`, which is the agent's
 * own word, and those facts of its evidence that whoever holds its credentials picks: the name of a role's session, and
 * the Region of the STS endpoint that it asks. A permit that reads one is self-service. So is a forbid that one of them
 * can lift: it may read them only where more of them being true refuses more.
 */

/** Facts of evidence that the caller picks. Everything else that evidence states is the platform's word. */
const chosenFacts: ReadonlySet<unknown> = new Set(["sessionName", "region", "sourceRegion"]);

/** One node of a policy's JSON form (Cedar's EST): an operator and what it works on. */
type Node = Readonly<Record<string, unknown>>;

interface Access {
  readonly left?: unknown;
  readonly right?: unknown;
  readonly arg?: unknown;
}

/** What a policy's conditions read of the caller's choice, or undefined when it is nothing. */
type OwnWord = "context.asserted" | "a fact that the caller picks (sessionName, region, sourceRegion)";

/**
 * @param conditions of one policy, in JSON form
 * @returns what of the caller's choice they could read, in whatever place
 */
export function readsOwnWord(conditions: unknown): OwnWord | undefined {
  if (readsAsserted(conditions)) return "context.asserted";
  return readsChosenFact(conditions) ? "a fact that the caller picks (sessionName, region, sourceRegion)" : undefined;
}

/**
 * Could the caller lift a forbid by what it chooses? It could not where every condition is a `when`, in which what it
 * chooses stands in plain comparisons that are joined by `&&` and `||` alone: never negated, never the test of an `if`.
 * @param conditions of one forbid, in JSON form
 */
export function canLift(conditions: unknown): boolean {
  if (!Array.isArray(conditions)) return readsOwnWord(conditions) !== undefined;
  return conditions.some(({ kind, body }: { readonly kind?: unknown; readonly body?: unknown }) =>
    kind === "when" ? !onlyAdds(body) : readsOwnWord(body) !== undefined,
  );
}

/** Comparisons that hold for what is named: leaving the thing out, or saying another, makes them no truer. */
const comparisons: readonly (string | undefined)[] = [
  "==",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "contains",
  "containsAll",
  "containsAny",
  "hasTag",
];

/** True when a condition can only become truer by what the caller chooses. */
function onlyAdds(body: unknown): boolean {
  if (readsOwnWord(body) === undefined) return true;
  const [operator, operands] = Object.entries((body ?? {}) as Node)[0] ?? [];
  const { left, right } = (operands ?? {}) as Access;
  if (operator === "&&" || operator === "||") return onlyAdds(left) && onlyAdds(right);
  if (operator === "has" || operator === "like") return isPlain(left);
  return comparisons.includes(operator) && isPlain(left) && isPlain(right);
}

/** A value without truth inside: in `(a == b) == false` a negation would hide. */
function isPlain(expression: unknown): boolean {
  const [operator, operands] = Object.entries((expression ?? {}) as Node)[0] ?? [];
  const { left, right, arg } = (operands ?? {}) as Access;
  switch (operator) {
    case "Var":
    case "Value":
      return true;
    case ".":
      return isPlain(left);
    case "neg":
      return isPlain(arg);
    case "getTag":
    case "+":
    case "-":
    case "*":
      return isPlain(left) && isPlain(right);
    case "Set":
      return Array.isArray(operands) && operands.every(isPlain);
    default:
      return false;
  }
}

/** Every object inside a policy's JSON form. */
export function* nodes(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Node;
  for (const inner of Object.values(value)) yield* nodes(inner);
}

/**
 * True when any condition could see `context.asserted`: by its name, or by taking the context as a whole (comparing it
 * with a record literal would read it without naming it).
 */
function readsAsserted(conditions: unknown): boolean {
  let contexts = 0;
  let plainReads = 0;
  for (const node of nodes(conditions)) {
    if (node.Var === "context") contexts += 1;
    for (const operator of [".", "has"]) {
      const access = node[operator] as { left?: { Var?: unknown }; attr?: unknown } | undefined;
      if (access?.left?.Var !== "context") continue;
      const attribute = Array.isArray(access.attr) ? access.attr[0] : access.attr;
      if (attribute === "asserted") return true;
      plainReads += 1;
    }
  }
  return contexts !== plainReads;
}

/** True when any condition could read such a fact: by its name, or by a name that is only computed when it is asked. */
function readsChosenFact(conditions: unknown): boolean {
  for (const node of nodes(conditions))
    for (const operator of ["getTag", "hasTag"]) {
      const name = (node[operator] as { right?: { Value?: unknown } } | undefined)?.right;
      if (name && (typeof name.Value !== "string" || chosenFacts.has(name.Value))) return true;
    }
  return false;
}
