/** Which tests a change can make fail: through imports, and through what is read, bundled or started without importing it. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { readSource } from "../walls/read-source.ts";

/** Every test depends on these. */
const everybodys = /^(package(-lock)?\.json|tsconfig[^/]*\.json|vitest\.config\.ts|test\/alone\.ts|\.node-version)$/;
/** What the bundles, the stacks, the packages and the programs are made of. */
const deployed = /^(bin|client|core|examples|lambdas|lib|local|scripts|stages)\/|^cdk\.json$/;
/** Whoever imports one of them bundles, boots or packs: by processes of its own, which no graph of imports shows. */
const makers = /^(local\/demo\/(boot|synthesize)|scripts\/(build|kept\/functions|packages)|node:child_process)/;
const readers = /^(node:fs|node:fs\/promises|node:child_process)$/;
/** These read no files of the repository, or only what they import. */
const pure = /^(core|lambdas|lib)\//;

/**
 * Files that differ from a commit, with those that git does not know yet.
 * @param since a commit or branch; by default the last commit
 * @returns undefined where there is no git, no repository or no such commit
 */
export function changedFiles(root: string, since = "HEAD"): readonly string[] | undefined {
  const git = (...args: string[]) => spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
  // renames as two names: a test may have read the old one
  const differing = git("diff", "--name-only", "--no-renames", "--relative", since, "--");
  const unknown = git("ls-files", "--others", "--exclude-standard");
  if (differing.status !== 0 || unknown.status !== 0) return undefined;
  return [...new Set(`${differing.stdout}\n${unknown.stdout}`.split("\n").filter((file) => file !== ""))];
}

/**
 * Finds the test files that a change can make fail. One more than needed costs seconds, one less a fault: what only might
 * read a changed file counts.
 * @param root its sources are read once
 * @returns for changed paths from the root: the tests' paths, sorted; `all` when every test depends on the change
 */
export function testFinder(root: string): (changed: readonly string[]) => readonly string[] | "all" {
  const sources = new Map<string, SourceFile>();
  const source = (file: string): SourceFile => {
    const known = sources.get(file) ?? readFile(root, file);
    sources.set(file, known);
    return known;
  };
  const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .sort();
  return (changed) =>
    changed.some((file) => everybodys.test(file)) ? "all" : tests.filter((test) => dependsOn(test, changed, source));
}

interface SourceFile {
  /** Paths from the root, and names of packages. */
  readonly imports: readonly string[];
  readonly texts: readonly string[];
}

function readFile(root: string, file: string): SourceFile {
  const code = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
  const imports = readSource(code).references.map(({ specifier }) =>
    specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier,
  );
  const texts = [...code.matchAll(/(["'`])((?:(?!\1)[^\\\n])*)\1/g)].map(([, , text = ""]) => text);
  return { imports, texts };
}

function dependsOn(test: string, changed: readonly string[], source: (file: string) => SourceFile): boolean {
  const reached = new Set([test]);
  for (const file of reached) if (file.endsWith(".ts")) for (const next of source(file).imports) reached.add(next);
  if (changed.some((file) => reached.has(file))) return true;
  const own = [...reached].filter((file) => file.endsWith(".ts") && !pure.test(file));
  const imported = own.flatMap((file) => source(file).imports);
  if (imported.some((name) => makers.test(name)) && changed.some((file) => deployed.test(file))) return true;
  if (!imported.some((name) => readers.test(name))) return false;
  return own.some((file) => source(file).texts.some((text) => changed.some((one) => mayName(text, one))));
}

/** Whether a text may be a path to a file, to a folder above it, or its name. */
function mayName(text: string, file: string): boolean {
  const path = (text.split("${")[0] ?? "").replace(/^(\.{1,2}\/)+/, "").replace(/\/$/, "");
  if (path === "") return false;
  return file === path || file.startsWith(`${path}/`) || path.split("/").at(-1) === basename(file);
}
