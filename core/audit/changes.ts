import type { RegistryDifference } from "../model/registry-difference.ts";

/** Most changed values an event keeps, and the most characters of each; the versions themselves hold all of it. */
const bounds = { names: 1_000, values: 200, characters: 300 };

/** A change of the registry as an audit event shows it: actor and reason stand beside it, before and after in it. */
export function changesColumn({ added, changed, removed }: RegistryDifference) {
  const values = changed.flatMap(({ name, values: all }) =>
    all.map(({ path, before, after }) => ({ name, path, before: textOf(before), after: textOf(after) })),
  );
  return {
    added: added.slice(0, bounds.names),
    removed: removed.slice(0, bounds.names),
    changed: changed.slice(0, bounds.names).map(({ name }) => name),
    values: values.slice(0, bounds.values),
    is_truncated:
      values.length > bounds.values || Math.max(added.length, removed.length, changed.length) > bounds.names,
  };
}

/** JSON, so that a column has one type whatever was changed. */
const textOf = (value: unknown): string => (JSON.stringify(value) ?? "").slice(0, bounds.characters);
