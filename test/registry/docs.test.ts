import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { stateCommands } from "../../bin/lanyard/registry/change.ts";
import { readDocuments } from "../../bin/lanyard/registry/folder.ts";
import { registrationKinds } from "../../core/model/registry.ts";
import { registrationSchema } from "../../core/registry/schema.ts";
import { stateProblems } from "../../core/registry/states.ts";
import { agent } from "../kit/registry.ts";

const page = new URL("../../docs/registry.md", import.meta.url);
const text = readFileSync(page, "utf8");
const rowsUnder = (title: string) =>
  (text.split(`${title} |`)[1]?.split("\n\n")[0] ?? "")
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()));

test("the page names every kind of registration, and no other", () => {
  const named = rowsUnder("| kind | says").map(([, kind = ""]) => kind.replaceAll("`", ""));
  expect(named.sort()).toEqual([...registrationKinds].sort());
});

test("its examples are registrations", () => {
  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = ""]) => yaml);
  expect(examples.length).toBeGreaterThan(0);
  for (const yaml of examples) {
    const read = readDocuments("registry.md", yaml, { account: "111122223333" });
    expect(read.ok).toBe(true);
    for (const { value } of read.ok ? read.value : [])
      expect(registrationSchema.safeParse(value).error).toBeUndefined();
  }
});

test("its table of states is what the registry lets an agent become", () => {
  const states = ["draft", "active", "suspended", "retired"] as const;
  const reachable = (from: (typeof states)[number]) =>
    states.filter((to) => {
      const rows = [agent("planner", { state: to })];
      const problems = stateProblems([agent("planner", { state: from })], rows, [
        { file: "f", line: 1, value: rows[0] },
      ]);
      return to !== from && problems.length === 0;
    });
  const told = rowsUnder("| `state` | it | goes to").map(([, from = "", , to = ""]) => [
    from.replaceAll("`", ""),
    to.match(/[a-z]+/g) ?? [],
  ]);
  expect(told).toEqual(states.map((from) => [from, reachable(from)]));
  for (const command of Object.keys(stateCommands)) expect(text).toContain(`npx @lanyard-iam/cli ${command} `);
});

test("its links lead to pages and sections that are there", () => {
  const links = [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)];
  expect(links.length).toBeGreaterThan(8);
  for (const [, path = "", anchor] of links) {
    const file = fileURLToPath(new URL(path, page));
    expect([path, existsSync(file)]).toEqual([path, true]);
    if (anchor) {
      const titles = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title.toLowerCase().replaceAll(" ", "-"),
      );
      expect(titles).toContain(anchor.slice(1));
    }
  }
});
