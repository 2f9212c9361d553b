import { describe, expect, test } from "vitest";
import { baseline, type Check, faultsOf } from "../../conformance/mcp/baseline.ts";

const check = (id: string, more: Partial<Check> = {}): Check => ({
  scenario: "auth/a",
  id,
  status: "SUCCESS",
  message: "as wanted",
  ...more,
});
const excused = { ...check("b", { status: "FAILURE", message: "cannot" }), reason: "by design" } as const;
const failing = check("b", { status: "FAILURE", message: "cannot" });

describe("the baseline of the official MCP suite", () => {
  test("passes a run in which everything passes but what is excused", () => {
    expect(faultsOf([check("a"), failing], [{ ...excused, status: "FAILURE" }])).toEqual([]);
    expect(faultsOf([check("a")], [])).toEqual([]);
  });

  test.each([
    ["another failure", [failing, check("c", { status: "FAILURE" })]],
    ["a warning", [failing, check("c", { status: "WARNING" })]],
    ["a check that was skipped", [failing, check("c", { status: "SKIPPED" })]],
    ["another failure under the excused id", [failing, check("b", { status: "FAILURE", message: "something else" })]],
    ["an entry that passes", [check("b")]],
    ["an entry that only warns", [check("b", { status: "WARNING", message: "cannot" })]],
    ["an entry of a check that nobody knows", [check("c")]],
    ["an entry of a scenario that was not run", [check("b", { scenario: "auth/other" })]],
    ["a scenario in which nothing was checked", [check("a", { status: "INFO" })]],
  ])("fails a run with %s", (_, checks) => {
    expect(faultsOf(checks, [{ ...excused, status: "FAILURE" }])).not.toEqual([]);
  });

  test("gives a reason for each entry, and names each once", () => {
    expect(new Set(baseline.map(({ scenario, id }) => `${scenario} ${id}`)).size).toBe(baseline.length);
    for (const { reason } of baseline) expect(reason.length).toBeGreaterThan(20);
  });
});
