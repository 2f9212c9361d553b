import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/where-to-change.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => /^\| (?!… |---)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, change = "", where = "", told = ""]) => ({ change, where, told }));

/** Files in backticks, each with the name behind it in parentheses, where there is one. */
const named = (text: string) =>
  [...text.matchAll(/`([a-z][\w./-]*\/[\w./-]*)`(?: \(`(\w+)`\))?/g)].map(([, path = "", name]) => ({ path, name }));

describe("the page of where to change what", () => {
  test("has the ten everyday changes", () => {
    expect(rows).toHaveLength(10);
    expect(new Set(rows.map(({ change }) => change)).size).toBe(10);
  });

  test.each(rows)(
    "sends whoever changes $change to few files, and each is there with what is named in it",
    ({ where, told }) => {
      const files = named(where);
      expect(files.length).toBeGreaterThanOrEqual(1);
      expect(files.length).toBeLessThanOrEqual(3);
      for (const { path, name } of files) {
        const text = readFileSync(join(root, path), "utf8");
        expect(name, path).toBeDefined();
        expect(text, `${name} in ${path}`).toMatch(new RegExp(`\\b${name}\\b`));
      }
      for (const { path } of named(told)) expect(existsSync(join(root, path)), path).toBe(true);
    },
  );

  test("names nothing else that is not there", () => {
    for (const { path, name } of named(page)) {
      expect(existsSync(join(root, path)), path).toBe(true);
      if (name !== undefined && statSync(join(root, path)).isFile())
        expect(readFileSync(join(root, path), "utf8"), `${name} in ${path}`).toContain(name);
    }
  });
});
