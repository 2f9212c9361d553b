import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parts, quietSuites, type Suite, slowSuites, unplaced } from "../../scripts/ci/suites.ts";

describe("the suites of CI", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const isTest = (name: string) => name.endsWith(".test.ts");

  it("hold every test in exactly one part on a slow machine", () => {
    const holding = readdirSync(`${root}/test`, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory()
        ? (readdirSync(`${root}/test/${entry.name}`, { recursive: true }) as string[]).some(isTest)
        : isTest(entry.name),
    );
    const listed = [...parts.flatMap(([, , paths]) => paths), ...unplaced];
    expect([...listed].sort()).toEqual(holding.map(({ name }) => `test/${name}`).sort());
  });

  it("run where there is no git: a checkout may come as plain files, or belong to somebody else", () => {
    const asking = ["bin", "lambdas", "lib", "scripts", "test"].flatMap((folder) =>
      globSync(`${folder}/**/*.ts`, { cwd: root }).filter((file) =>
        /\b(?:exec|spawn)\w*\(\s*["'`](?:git["'`]|git )/.test(readFileSync(join(root, file), "utf8")),
      ),
    );
    // npm test -- --changed alone asks git, says so where there is none, and is no suite; its test leaves git's part out there
    expect(asking.sort()).toEqual(["scripts/test/changed.ts", "test/scripts/changed.test.ts"]);
    expect([...quietSuites, ...slowSuites].flatMap(({ command }) => command)).not.toContain("--changed");
  });

  it("are the same on a quick machine and on a slow one, but for npm test, which is taken apart", () => {
    const names = (suites: readonly Suite[]) => suites.map(({ name }) => name);
    const rest = unplaced.length === 0 ? [] : ["the rest"];
    const taken = new Set(["types, lint and walls", ...parts.map(([name]) => name), ...rest]);
    const slow = names(slowSuites).filter((name) => !taken.has(name));
    expect(slow.sort()).toEqual(
      names(quietSuites)
        .filter((name) => name !== "npm test")
        .sort(),
    );
    expect(slowSuites).toHaveLength(slow.length + taken.size);
  });

  it("take less than a sixth of what CI has, on a quiet machine", () => {
    expect(quietSuites.reduce((sum, { quietSeconds }) => sum + quietSeconds, 0)).toBeLessThan(90 * 10);
  });

  it("begin with the story on a slow machine", () => {
    expect(slowSuites[0]?.name).toBe("the story");
  });
});
