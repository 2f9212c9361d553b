import { expect, test } from "vitest";
import { benches } from "../../bench/benches.ts";
import { holding, moved, quietSuites } from "../../scripts/ci/suites.ts";

test("CI holds every row of the bench's quick form to its goal, but for those that a busy machine moves", () => {
  const quick = benches.filter((bench) => bench.quick).map(({ name }) => name);
  expect([...holding, ...moved].sort()).toEqual(quick.sort());
  const check = quietSuites.find(({ command }) => command.includes("--check"))?.command;
  expect(check?.slice(-holding.length - 2)).toEqual(["--quick", "--check", ...holding]);
});
