/** Circles of files that import each other. */

/**
 * Finds every largest set in which each file can be reached from each other one (Tarjan's strongly connected components).
 * @param targets the files that each file imports; those that are not keys themselves are left out
 * @returns the sets, each sorted, the largest first
 */
export function circlesOf(targets: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const closed = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const mine = order.size;
    order.set(file, mine);
    stack.push(file);
    let lowest = mine;
    for (const target of targets.get(file) ?? []) {
      if (!targets.has(target) || closed.has(target)) continue;
      lowest = Math.min(lowest, order.get(target) ?? visit(target));
    }
    if (lowest === mine) {
      const circle = stack.splice(stack.indexOf(file));
      for (const member of circle) closed.add(member);
      if (circle.length > 1) found.push(circle.sort());
    }
    return lowest;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return found.sort((a, b) => b.length - a.length);
}
