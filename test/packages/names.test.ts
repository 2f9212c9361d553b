import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { packageScope, packages } from "../../scripts/packages.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** What is made or fetched, by the folder's name: .gitignore has the same. Git is not asked: a checkout may come without it. */
const made = new Set(["node_modules", "dist", "cdk.out", ".lanyard", "coverage", ".git"]);
const ours = globSync("**/*.{md,ts,js,json,yml,yaml}", {
  cwd: root,
  exclude: (path) => made.has(basename(path)),
}).filter((file) => file !== "CHANGELOG.md" && !file.startsWith("test/"));

test("every package has the scope that the root's name holds, the root's version and licence", () => {
  const { version, license, workspaces } = JSON.parse(read("package.json"));
  expect(workspaces).toEqual(packages.map(({ folder }) => folder));
  for (const { name, folder } of packages) {
    const manifest = JSON.parse(read(`${folder}/package.json`));
    expect(manifest).toMatchObject({ name: `${packageScope()}/${name}`, version, license });
    expect(manifest.private).toBeUndefined();
    expect(read(`${folder}/LICENSE`)).toBe(read("LICENSE"));
  }
});

test("whatever names one of the packages names it under that scope", () => {
  const names = packages.map(({ name }) => name).join("|");
  const named = new RegExp(`@lanyard[\\w-]*/(?:${names}|source)\\b`, "g");
  for (const file of ours)
    for (const [found] of read(file).matchAll(named))
      expect([file, found.split("/")[0]]).toEqual([file, packageScope()]);
});

test("nobody is told to fetch the bare name, which is a stranger's on the registry", () => {
  const fetches =
    /\b(?:npx|npm (?:i|install|add|exec)|pnpm (?:add|dlx)|yarn (?:add|dlx)|bunx)(?: +-[\w-]+)* +lanyard\b|(?:from|import\(|require\()\s*["']lanyard["'/]/;
  for (const file of ours) expect([file, fetches.exec(read(file))?.[0]]).toEqual([file, undefined]);
});

test("every lock holds all that its package names, of whatever platform, and no registry's address", () => {
  for (const folder of [".", "test/packages/nodes"]) {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(`${folder}/package.json`));
    const lock = JSON.parse(read(`${folder}/package-lock.json`));
    const named = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(named.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
    expect(JSON.stringify(lock)).not.toContain('"resolved":"http');
  }
});
