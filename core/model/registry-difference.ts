import type { Registration } from "./registry.ts";

/** One value of a registration that differs from the version before. A side is absent where there is no value. */
interface ValueChange {
  /** Path inside the registration, `may.0.scopes`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * What one version of the registry has that another has not; registrations are named `kind name`. Every change of the
 * registry has this one shape wherever it is computed, answered, printed or audited.
 */
export interface RegistryDifference {
  readonly added: readonly string[];
  readonly changed: readonly { readonly name: string; readonly values: readonly ValueChange[] }[];
  readonly removed: readonly string[];
}

/** A difference in numbers of registrations. */
export interface DifferenceCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Counts a difference. */
export const countsOf = ({ added, changed, removed }: RegistryDifference): DifferenceCounts => ({
  added: added.length,
  changed: changed.length,
  removed: removed.length,
});

/** How many registrations were added, changed or removed; 0 when nothing changes. */
export const sizeOf = ({ added, changed, removed }: RegistryDifference): number =>
  added.length + changed.length + removed.length;

/** How a registration is named in a difference. */
const rowName = (row: Pick<Registration, "kind" | "name">): string => `${row.kind} ${row.name}`;

/**
 * Compares two versions of the registry, registration by registration and value by value. The order of registrations
 * and of members does not matter; the order of a list does.
 */
export function registryDifference(
  before: readonly Registration[],
  after: readonly Registration[],
): RegistryDifference {
  const old = new Map(before.map((row) => [rowName(row), row]));
  const now = new Map(after.map((row) => [rowName(row), row]));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    changed: [...now].flatMap(([name, row]) => {
      const values = old.has(name) ? valueChanges("", old.get(name), row) : [];
      return values.length > 0 ? [{ name, values }] : [];
    }),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
}

/**
 * The deepest values that differ. Lists are compared as wholes where their lengths differ, since nothing tells which
 * item moved.
 */
function valueChanges(path: string, before: unknown, after: unknown): readonly ValueChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  const inside = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => valueChanges(inside(name), before[name], after[name]));
  }
  const nested =
    Array.isArray(before) && Array.isArray(after) && before.length === after.length && before.some(isRecord);
  if (nested) return before.flatMap((value, at) => valueChanges(inside(String(at)), value, after[at]));
  return [{ path, before, after }];
}

/** JSON with sorted members: equal values give equal texts. */
export const canonicalJson = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
