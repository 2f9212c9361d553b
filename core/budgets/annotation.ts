import type { Budget, BudgetBounds } from "../model/budget.ts";
import { limits } from "../model/limits.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** An annotation before a policy's effect, with the white space and comments that Cedar allows there. */
const annotation = /^(?:\s|\/\/[^\n]*(?:\n|$))*@([A-Za-z_][A-Za-z0-9_]*)(?:\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\))?/;

/**
 * The text of a policy's annotation `@budget`, as it stands between the quotes. Introspection has no engine of Cedar, so
 * the text is read here; `apply` compares it with what Cedar itself reads, and refuses a policy where the two differ.
 */
function budgetAnnotation(cedar: string): string | undefined {
  let rest = cedar;
  for (let found = annotation.exec(rest); found; found = annotation.exec(rest)) {
    if (found[1] === "budget") return found[2] ?? "";
    rest = rest.slice(found[0].length);
  }
  return undefined;
}

const part = /^(calls|[A-Z]{3}) ([1-9][0-9]{0,12})\/(hour|day)$/;

/**
 * What an annotation says: limits with a comma between each two, as `calls 100/hour, calls 1000/day, EUR 5000/day`, the
 * money in the currency's smallest unit.
 * @returns the bounds, or in a sentence what is wrong
 */
function parseBudget(text: string): BudgetBounds | string {
  const calls: Record<string, number> = {};
  const money: Record<string, number> = {};
  let currency: string | undefined;
  for (const one of text.split(",").map((each) => each.trim())) {
    const [, what = "", amount, window = ""] = part.exec(one) ?? [];
    const most = Number(amount);
    if (!(most <= limits.budgetMost)) return `@budget: write "${one}" as calls 100/hour or EUR 5000/day`;
    if (what !== "calls" && currency !== undefined && what !== currency) return "@budget: names two currencies";
    if (what !== "calls") currency = what;
    const of = what === "calls" ? calls : money;
    if (of[window] !== undefined) return `@budget: bounds ${what} twice an ${window}`;
    of[window] = most;
  }
  return {
    ...(Object.keys(calls).length > 0 ? { calls } : {}),
    ...(currency === undefined ? {} : { money: { currency, ...money } }),
  };
}

const known = new WeakMap<RegistrySnapshot, ReadonlyMap<string, Budget>>();

/**
 * What is wrong with a policy's budget before it is applied.
 * @param read the annotation as Cedar reads it; undefined where the policy has none
 * @returns a sentence, or nothing
 */
export function budgetProblem(
  cedar: string,
  { effect, read }: { readonly effect: string; readonly read: string | null | undefined },
): string | undefined {
  const text = budgetAnnotation(cedar);
  if ((read ?? undefined) !== text) return "@budget: write it once and in plain characters, without escapes";
  if (text === undefined) return undefined;
  if (effect !== "permit") return "@budget: a forbid permits nothing that could be counted";
  const bounds = parseBudget(text);
  return typeof bounds === "string" ? bounds : undefined;
}

/** The budgets of a version's policies, by the policies' names; read once a version. */
export function policyBudgets(registry: RegistrySnapshot): ReadonlyMap<string, Budget> {
  const found = known.get(registry);
  if (found) return found;
  const made = new Map<string, Budget>();
  for (const { name, cedar } of registry.policies) {
    const text = budgetAnnotation(cedar);
    const bounds = text === undefined ? undefined : parseBudget(text);
    // one that cannot be read was not applied by us: it bounds everything, rather than nothing
    if (bounds !== undefined)
      made.set(name, { name, ...(typeof bounds === "string" ? { calls: { day: 0 } } : bounds) });
  }
  known.set(registry, made);
  return made;
}
