/**
 * `npm run e2e -- SUITE …`: builds the bundles and runs end-to-end suites on the embedded cloud, one line a case and a
 * closing line. Without a suite it lists them: a suite is a file `<suite>.test.ts` in `test/e2e` or in a folder there.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { campaigns } from "../test/e2e/campaigns.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const ending = ".test.ts";
/** Where each suite stands, from the root; suites are called by the names of their files alone. */
const suites = new Map(
  readdirSync(`${root}test/e2e`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => [basename(name, ending), `test/e2e/${name.replaceAll(sep, "/")}`] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
const usage = `Runs end-to-end suites against the bundles that deploy, on the embedded cloud: no AWS account, no network.

  npm run e2e                     list the suites
  npm run e2e -- governance       run one, or several: one line a case, then the closing line
  npm run e2e -- reach            run every suite whose name begins so
  npm run e2e -- all              run every suite that npm test leaves out (minutes)
  npm run e2e -- --help           print this

Exit codes: 0 every case passed, 1 one failed, 2 not called right.`;

/** Runs one step in the repository's folder; resolves to its exit code. `quiet` keeps its standard output back. */
function run(command: string, args: readonly string[], quiet = false): Promise<number> {
  return new Promise((resolve) => {
    // in a file or a pipe colours are noise
    const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
    const env = { ...process.env, ...plain, LANYARD_CAMPAIGNS: "1" };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", quiet ? "ignore" : "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(usage);
    return 0;
  }
  if (args.length === 0) {
    console.log(["suites:", ...[...suites.keys()].map((name) => `  ${name}`)].join("\n"));
    return 0;
  }
  const wanted = args.flatMap(named);
  const unknown = wanted.find((name) => !suites.has(name));
  if (unknown !== undefined) {
    console.error(`there is no suite ${JSON.stringify(unknown)}; npm run e2e lists them`);
    return 2;
  }
  if ((await run("node", ["scripts/build.ts"], true)) !== 0) return 1;
  const files = [...new Set(wanted)].flatMap((name) => suites.get(name) ?? []);
  const code = await run("vitest", ["run", "--reporter=./scripts/e2e/reporter.ts", ...files]);
  return code === 0 ? 0 : 1;
}

/** The suites that a word on the command line stands for. */
function named(word: string): readonly string[] {
  if (word === "all") return campaigns;
  const parts = campaigns.filter((name) => name.startsWith(`${word}-`));
  return suites.has(word) || parts.length === 0 ? [word] : parts;
}

process.exitCode = await main(process.argv.slice(2));
