import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { table } from "../../conformance/rows/index.ts";
import { closing, lineOf, type Outcome, runRow } from "../../conformance/run.ts";
import { createTarget } from "../../conformance/target.ts";
import { type Caricature, startCaricature } from "./caricatures.ts";

let caricatures: readonly Caricature[];
let outcomes: readonly (readonly Outcome[])[];
beforeAll(async () => {
  caricatures = await Promise.all([startCaricature("grants"), startCaricature("refuses")]);
  const evaluated = async ({ ground }: Caricature) => {
    const target = createTarget(ground);
    return Promise.all(table.map((row) => runRow(row, target)));
  };
  outcomes = await Promise.all(caricatures.map(evaluated));
});
afterAll(() => Promise.all(caricatures.map(({ close }) => close())));

/** What passed at both. */
const passedTwice = () =>
  table.flatMap((_, n) => {
    const both = outcomes.map((each) => each[n]);
    return both.every((outcome) => outcome?.result === "ok") && both[0] ? [both[0]] : [];
  });

describe("rows of the conformance table", () => {
  it("none passes both where everything is granted and where everything is refused, but what the client library answers alone", () => {
    expect(passedTwice().map(lineOf)).toEqual(
      table.filter(({ library }) => library).map((row) => lineOf({ row, result: "ok" })),
    );
  });

  it("none is skipped where the settings say everything", () => {
    expect(outcomes.flat().filter(({ result }) => result === "skip")).toEqual([]);
  });

  it("each is its own: no two demand the same of the same section", () => {
    const names = table.map(({ standard, section, text }) => `${standard} ${section} ${text}`);
    expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  });

  it("and docs/standards.md name the same standards", () => {
    const docs = readFileSync(join(import.meta.dirname, "../../docs/standards.md"), "utf8");
    const named = [...docs.matchAll(/conformance rows ([^;|]+)/g)].flatMap(([, names = ""]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    const ours = new Set(table.map(({ standard }) => standard).filter((name) => !name.startsWith("Lanyard ")));
    expect(named.sort()).toEqual([...ours].sort());
  });

  it("are skipped, and not counted as passed, where the settings do not say what they need", async () => {
    const { issuer, worker, own } = caricatures[0]?.ground ?? expect.fail("nothing is up");
    const target = createTarget({ issuer, worker, own });
    const row = table.find(({ text }) => text.startsWith("Revoking a root session")) ?? expect.fail("no such row");
    const outcome = await runRow(row, target);
    expect(lineOf(outcome)).toMatch(/^skip Lanyard authority {2}people {2}.*\(the settings name no lent\)$/);
    expect(closing([outcome])).toEqual(["1 skipped", "0 passed, 0 failed"]);
  });
});
