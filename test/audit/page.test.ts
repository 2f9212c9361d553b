import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ocsfClasses } from "../../core/audit/classes.ts";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { type AuditFacts, ocsfVersions } from "../../core/audit/record.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm } from "../kit/records.ts";
import { bare, full, operations, writtenColumns } from "./samples.ts";

const page = readFileSync(new URL("../../docs/audit.md", import.meta.url), "utf8");
/** Rows of the table below a heading, as cells. */
const rowsOf = (heading: string): readonly (readonly string[])[] =>
  (page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const names = (cell = ""): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");

/** Decisions of which everything, and next to nothing, is known: together they fill every member. */
const decisions: readonly AuditFacts[] = operations.flatMap((operation) => {
  const known = { ...full(operation), count: 3, denial: { code: "dpop_missing" } } as const;
  const operator = { arn: "arn:aws:sts::1:assumed-role/o/ada", uniqueId: "AROA:ada" };
  return [known, { ...known, operator }, bare(operation)];
});

/** Every member of a value, with `[]` for those of a list; our own columns are told apart. */
function members(value: unknown, at = ""): readonly string[] {
  if (at === "unmapped.lanyard") return [];
  if (Array.isArray(value)) return value.flatMap((one) => members(one, `${at}[]`));
  if (typeof value !== "object" || value === null) return [at];
  return Object.entries(value).flatMap(([name, one]) => members(one, at === "" ? name : `${at}.${name}`));
}

describe("docs/audit.md tells what is written, no more and no less:", () => {
  test("operations, with class and activity", () => {
    const told = rowsOf("Operations").map(([operation, of, activity]) => [names(operation)[0], of, activity]);
    expect(told).toEqual(
      Object.entries(ocsfClasses).map(([operation, { classUid, className, activityId, activityName }]) => [
        operation,
        `${classUid} ${className}`,
        `${activityId} ${activityName}`,
      ]),
    );
  });

  test("OCSF's members, by version and class", () => {
    const every = ocsfVersions.flatMap((version) => ["3002", "3003", "3004", "6003"].map((of) => `${version} ${of}`));
    const written = new Map<string, Set<string>>();
    for (const ocsf of ocsfVersions)
      for (const facts of decisions) {
        const event = JSON.parse(
          createRecorder({ ...exampleForm, ocsf }, randomIds)(facts, "DDDDDDDDDDDDDDDDDDDDDD").body,
        );
        for (const member of members(event))
          written.set(member, (written.get(member) ?? new Set()).add(`${ocsf} ${event.class_uid}`));
      }
    const told = rowsOf("Members").map(([member, where = ""]) => {
      const parts = where === "" ? [] : where.split(", ");
      const fits = (one: string) =>
        [/^\d\.\d\.\d$/, /^\d{4}$/].every((shape) => {
          const wanted = parts.filter((part) => shape.test(part));
          return wanted.length === 0 || wanted.some((part) => one.split(" ").includes(part));
        });
      return [names(member)[0], every.filter(fits)] as const;
    });
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries([...written].map(([member, where]) => [member, every.filter((one) => where.has(one))])),
    );
  });

  test("our columns", () => {
    const written = writtenColumns();
    expect(
      rowsOf("Our columns")
        .flatMap(([cell]) => names(cell))
        .sort(),
    ).toEqual([...written].sort());
  });
});
