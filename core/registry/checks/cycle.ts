import type { ScopeMappingRegistration } from "../../model/registry.ts";

/**
 * Finds scope mappings that lead back to where they started. Mappings are not transitive and each exchange adds depth,
 * so a circle would end, but nobody wants one.
 * @returns one mapping of the circle and the names along it, or undefined
 */
export function scopeMappingCycle(
  rows: readonly ScopeMappingRegistration[],
): { readonly row: ScopeMappingRegistration; readonly names: readonly string[] } | undefined {
  const leaving = new Map<string, ScopeMappingRegistration[]>();
  for (const row of rows) {
    const at = `${row.from.resource} ${row.from.scope}`;
    leaving.set(at, [...(leaving.get(at) ?? []), row]);
  }
  const finished = new Set<ScopeMappingRegistration>();
  const walk = (
    row: ScopeMappingRegistration,
    path: readonly ScopeMappingRegistration[],
  ): readonly ScopeMappingRegistration[] | undefined => {
    if (path.includes(row)) return [...path.slice(path.indexOf(row)), row];
    if (finished.has(row)) return undefined;
    for (const scope of row.to.scopes)
      for (const next of leaving.get(`${row.to.resource} ${scope}`) ?? []) {
        const circle = walk(next, [...path, row]);
        if (circle) return circle;
      }
    finished.add(row);
    return undefined;
  };
  for (const row of rows) {
    const circle = walk(row, []);
    if (circle) return { row, names: circle.map((r) => r.name) };
  }
  return undefined;
}
