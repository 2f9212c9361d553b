import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { type AuditFacts, ocsfVersions } from "../../core/audit/record.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm } from "../kit/records.ts";
import { full, operations, writtenColumns } from "./samples.ts";

const page = readFileSync(new URL("../../docs/privacy.md", import.meta.url), "utf8");
const section = (heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
const quoted = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");
/** Names in the first cells of a section's table. */
const inTable = (heading: string): readonly string[] =>
  section(heading)
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => quoted(line.split("|")[1] ?? ""));

/** A decision with a name in everything that may be of a person. */
const name = "adalovelace";
const ofPerson = (more: Partial<AuditFacts>): Partial<AuditFacts> => ({
  requestId: name,
  agent: name,
  offeredTo: name,
  principal: `p_${name}`,
  sourceIp: name,
  policies: [name],
  reason: name,
  target: `principal:${name}`,
  grants: [{ resource: name, scopes: [name], details: [] }],
  denial: { code: "parameter_invalid", name, why: name },
  ...more,
});

/** Paths of texts that contain the name or the address, our own columns left out. */
function holding(value: unknown, at = ""): readonly string[] {
  if (at === "unmapped") return [];
  if (typeof value === "string") return value.includes(name) || value === "2001:db8::ada" ? [at] : [];
  if (Array.isArray(value)) return value.flatMap((one) => holding(one, `${at}[]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, one]) => holding(one, at === "" ? member : `${at}.${member}`));
}

describe("docs/privacy.md tells of every place in a record where something of a person may stand:", () => {
  test("every column that can be written is in its table, or among those that say nothing", () => {
    const heading = "Columns that may say something of a person";
    const rest = section(heading).split("\n\n").at(-1) ?? "";
    const told = [...inTable(heading), ...quoted(rest)];
    expect([...told].sort()).toEqual([...writtenColumns()].sort());
  });

  test("every member of OCSF into which such a column, or the caller's address, goes", () => {
    const written = new Set<string>();
    for (const ocsf of ocsfVersions)
      for (const operation of operations)
        for (const more of [
          {},
          { sourceIp: "2001:db8::ada" },
          { session: undefined },
          { operator: { arn: name, uniqueId: name } },
        ]) {
          const { session, ...known } = { ...full(operation), ...ofPerson({}), ...more };
          const facts = (session === undefined ? known : { ...known, session }) as AuditFacts;
          const event = JSON.parse(createRecorder({ ...exampleForm, ocsf }, randomIds)(facts, "D".repeat(22)).body);
          for (const member of holding(event)) written.add(member);
        }
    expect([...inTable("The same in OCSF's members")].sort()).toEqual([...written].sort());
  });
});
