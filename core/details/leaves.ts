import type { DetailsTypeDeclaration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";

/** Names of fields: without a dot, so that a field can never look like a path into another. */
export const fieldName: RegExp = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** A field and what is wrong with it. */
export interface FieldFault {
  readonly field: string;
  readonly why: string;
}

/** True for a JSON object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The values of a detail by the path of the rule that compares them, `amount.currency`.
 * @returns the values, or the first field that no rule of the type compares
 */
export function leavesOf(
  detail: AuthorizationDetail,
  { rules }: Pick<DetailsTypeDeclaration, "rules">,
): Result<ReadonlyMap<string, unknown>, FieldFault> {
  const leaves = new Map<string, unknown>();
  const paths = Object.keys(rules);
  const walk = (value: unknown, path: string): FieldFault | undefined => {
    if (Object.hasOwn(rules, path)) {
      leaves.set(path, value);
      return undefined;
    }
    const inside = paths.some((known) => known.startsWith(`${path}.`));
    if (!inside) return { field: path, why: "is not declared by the type" };
    if (!isObject(value)) return { field: path, why: "is not an object" };
    const entries = Object.entries(value);
    if (entries.length === 0) return { field: path, why: "says nothing" };
    return firstFault(entries, `${path}.`);
  };
  const firstFault = (entries: readonly (readonly [string, unknown])[], prefix: string): FieldFault | undefined => {
    for (const [name, value] of entries) {
      const path = `${prefix}${name}`.slice(0, 128);
      const fault = fieldName.test(name) ? walk(value, path) : { field: path, why: "is not declared by the type" };
      if (fault) return fault;
    }
    return undefined;
  };
  const { type: _, ...fields } = detail;
  const fault = firstFault(Object.entries(fields), "");
  return fault ? err(fault) : ok(leaves);
}

/** A detail from values by path: the inverse of {@link leavesOf}, with fields in the order of the type's rules. */
export function detailOf(
  { name, rules }: Pick<DetailsTypeDeclaration, "name" | "rules">,
  leaves: ReadonlyMap<string, unknown>,
): AuthorizationDetail {
  const detail: Record<string, unknown> & { type: string } = { type: name };
  for (const path of Object.keys(rules)) {
    if (!leaves.has(path)) continue;
    const names = path.split(".");
    const last = names.pop() ?? "";
    let at: Record<string, unknown> = detail;
    for (const step of names) {
      at[step] ??= {};
      at = at[step] as Record<string, unknown>;
    }
    at[last] = leaves.get(path);
  }
  return detail;
}
