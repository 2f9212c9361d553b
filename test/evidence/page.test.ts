import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evidenceCodes } from "../../core/evidence/finding.ts";
import { readmeText } from "../../core/evidence/readme.ts";
import { namesOf, setUp } from "./ground.ts";

const page = readFileSync(new URL("../../docs/evidence.md", import.meta.url), "utf8");
const firstCells = (heading: string): readonly string[] =>
  (page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));

describe("docs/evidence.md tells, no more and no less:", () => {
  test("what can be found", () => {
    expect(firstCells("What `verify` does").toSorted()).toEqual(evidenceCodes.toSorted());
  });

  test("what is in an archive, and its own page names each", async () => {
    const ground = await setUp();
    const folders = new Set(namesOf(await ground.archive(undefined, [3])).map((name) => name.replace(/\/.*/, "/")));
    const told = firstCells("What is in it").map((name) => name.replace(/\/.*/, "/"));
    expect(told.toSorted()).toEqual([...folders].sort());
    for (const name of folders) if (name !== "README.txt") expect(readmeText("s", "o")).toContain(name);
  });
});
