import { expect, it } from "vitest";
import type { Ground } from "../../conformance/ground.ts";
import { table } from "../../conformance/rows/index.ts";
import { runRow } from "../../conformance/run.ts";
import { createTarget, type Target } from "../../conformance/target.ts";

/** One test a row, in the table's order: rows share what they change nothing about. Here nothing may be skipped. */
export function conformanceTable(ground: () => Ground): void {
  let made: Target | undefined;
  const target = () => {
    made ??= createTarget(ground());
    return made;
  };
  for (const row of table) {
    const by = row.by === undefined ? "" : `, by ${row.by}`;
    it(`${row.standard} ${row.section}: ${row.text} (${row.level}${by})`, async () => {
      const { result, detail } = await runRow(row, target());
      expect(result, detail).toBe("ok");
    });
  }
}
