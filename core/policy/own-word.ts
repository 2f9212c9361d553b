/**
 * What the caller chooses may only add refusals (threats 25 and 36). The caller chooses `context.asserted`, and those
 * facts of its evidence that anybody with its credentials can pick: the name of a role's session, and the Region of the
 * STS endpoint it asks. A permit that reads one of them would let the caller permit itself. A forbid that reads one
 * could let the caller escape it, so it may read them only in a place where the condition becomes true, never false, by
 * what the caller adds.
 */

/** Facts of evidence that the caller picks. Every other fact is stated by the platform. */
const chosenFacts: ReadonlySet<unknown> = new Set(["sessionName", "region", "sourceRegion"]);

/** One node of a policy's JSON form (Cedar's EST): an operator and its operands. */
type Node = Readonly<Record<string, unknown>>;

interface Access {
  readonly left?: unknown;
  readonly right?: unknown;
  readonly arg?: unknown;
}

/** What a policy's conditions read of the caller's choices. */
type OwnWord = "context.asserted" | "a fact that the caller picks (sessionName, region, sourceRegion)";

/**
 * @param conditions the conditions of one policy, in JSON form
 * @returns what they could read of the caller's choices, in any place; undefined when nothing
 */
export function readsOwnWord(conditions: unknown): OwnWord | undefined {
  if (readsAsserted(conditions)) return "context.asserted";
  return readsChosenFact(conditions) ? "a fact that the caller picks (sessionName, region, sourceRegion)" : undefined;
}

/**
 * Whether the caller could escape a forbid by what it chooses. It could not where every condition is a `when` in which
 * its choices stand only in plain comparisons joined by `&&` and `||`: never negated, never in the test of an `if`.
 * @param conditions the conditions of one forbid, in JSON form
 */
export function canLift(conditions: unknown): boolean {
  if (!Array.isArray(conditions)) return readsOwnWord(conditions) !== undefined;
  return conditions.some(({ kind, body }: { readonly kind?: unknown; readonly body?: unknown }) =>
    kind === "when" ? !onlyAdds(body) : readsOwnWord(body) !== undefined,
  );
}

/**
 * Comparisons that are true only of the named value: to leave the value out, or to say another one, cannot make them
 * true.
 */
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

/** True when what the caller chooses can only make a condition true, never false. */
function onlyAdds(body: unknown): boolean {
  if (readsOwnWord(body) === undefined) return true;
  const [operator, operands] = Object.entries((body ?? {}) as Node)[0] ?? [];
  const { left, right } = (operands ?? {}) as Access;
  if (operator === "&&" || operator === "||") return onlyAdds(left) && onlyAdds(right);
  if (operator === "has" || operator === "like") return isPlain(left);
  return comparisons.includes(operator) && isPlain(left) && isPlain(right);
}

/** A value that contains no truth value: `(a == b) == false` would hide a negation. */
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
 * True when any condition could read `context.asserted`: by its name, or by using the context as a whole (a comparison
 * with a record literal reads it without naming it).
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

/**
 * True when any condition could read such a fact: by its name, or by a name that is computed only when the policy is
 * evaluated.
 */
function readsChosenFact(conditions: unknown): boolean {
  for (const node of nodes(conditions))
    for (const operator of ["getTag", "hasTag"]) {
      const name = (node[operator] as { right?: { Value?: unknown } } | undefined)?.right;
      if (name && (typeof name.Value !== "string" || chosenFacts.has(name.Value))) return true;
    }
  return false;
}
