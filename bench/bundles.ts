import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Metafile } from "esbuild";
import { env } from "../lambdas/env.ts";
import { functionNames } from "../lambdas/manifest.ts";
import { buildOptions, bundle } from "../scripts/build.ts";
import { httpByRequire } from "../scripts/builtins-by-require.ts";
import { firstLoadBytes } from "../scripts/kept/functions.ts";
import { median } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const section = "bundle";
/** What each function loads at a cold start, in kilobytes; attestation brings its formats. */
const mostKilobytes = (name: string): number => (name === "attest" ? 700 : 400);
const mostTimesItsClients = 1.15;

/**
 * What a cold start of each function reads, and how long importing it takes beside its SDK clients alone: a bundle of
 * what it imports of `@aws-sdk` and nothing else, as the packages are published, in which each client is made once,
 * since a function makes them too while it is imported. Each in a fresh process, in turns. Left out is what deploys a
 * registry: it loads the folder it was packed with.
 */
export const bundles: Bench = {
  name: "bundle",
  async measure({ rounds }: Pace): Promise<readonly Row[]> {
    const dist = fileURLToPath(new URL("../dist/", import.meta.url));
    const scratch = mkdtempSync(join(tmpdir(), "lanyard-bench-"));
    try {
      const rows: Row[] = [];
      for (const { name, folder, metafile } of await bundle(
        functionNames.filter((one) => one !== "registry-applier"),
        dist,
      )) {
        const clients = await clientsAlone(metafile, join(scratch, name));
        rows.push(...rowsOf(name, folder, clients, Math.ceil(rounds / 5)));
      }
      return rows;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

function rowsOf(name: string, folder: string, clients: string | undefined, samples: number): Row[] {
  const file = join(folder, "index.mjs");
  const own: number[] = [];
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const millis = importMillis(pathToFileURL(file).href);
    own.push(millis);
    if (clients !== undefined) times.push(millis / importMillis(pathToFileURL(clients).href));
  }
  const value = firstLoadBytes(folder) / 1000;
  const ratio = { ratio: { of: "its SDK clients alone", value: median(times) }, goal: mostTimesItsClients };
  return [
    { section, name: `${name}: loaded at first`, value, unit: "kB", goal: mostKilobytes(name) },
    { section, name: `${name}: import`, value: median(own), unit: "ms", ...(clients === undefined ? {} : ratio) },
  ];
}

/**
 * Bundles what a function's own sources import of the AWS SDK, and nothing else, without what makes our bundles lean.
 * @returns undefined when it imports nothing of it
 */
async function clientsAlone({ inputs }: Metafile, outdir: string): Promise<string | undefined> {
  const lines = new Set<string>();
  for (const path of Object.keys(inputs).filter((one) => !one.includes("node_modules") && one.endsWith(".ts")))
    for (const [, names, from] of readFileSync(join(root, path), "utf8").matchAll(
      /^import \{([^}]*)\} from "(@aws-sdk\/[^"]+)";/gm,
    )) {
      const values = (names ?? "")
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one && !one.startsWith("type "));
      for (const value of values) {
        const made = /^(?!.*Document).*Client$/.test(value) ? `new n${lines.size}({})` : `n${lines.size}`;
        lines.add(`import { ${value} as n${lines.size} } from "${from}"; (globalThis.kept ??= []).push(${made});`);
      }
    }
  if (lines.size === 0) return undefined;
  const options = { ...buildOptions, plugins: [httpByRequire], write: true };
  await build({ ...options, stdin: { contents: [...lines].join("\n"), resolveDir: root }, outdir });
  return join(outdir, "stdin.mjs");
}

/** CPU milliseconds that importing takes in a fresh process with a function's environment. */
function importMillis(specifier: string): number {
  const script = `const c=process.cpuUsage();await import(${JSON.stringify(specifier)});const u=process.cpuUsage(c);process.stdout.write(String((u.user+u.system)/1000));process.exit(0)`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      ...settings(),
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "x",
      AWS_SECRET_ACCESS_KEY: "x",
      POWERTOOLS_DEV: "false",
    },
  });
  const millis = Number(child.stdout);
  if (child.status !== 0 || !Number.isFinite(millis)) throw new Error(`${specifier} did not import: ${child.stderr}`);
  return millis;
}

/** A value of the right kind for every variable. */
function settings(): Readonly<Record<string, string>> {
  const arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000";
  const named = Object.entries(env).map(([name, variable]) => [variable, name.endsWith("Key") ? arn : "1"]);
  return {
    ...Object.fromEntries(named),
    [env.issuer]: "https://issuer.example",
    [env.trustDomain]: "agents.example.com",
    [env.keyRoles]: "{}",
    [env.deployedMarks]: "[]",
    [env.codeLookups]: "[]",
    [env.logWitnesses]: "[]",
    [env.auditLock]: "GOVERNANCE",
  };
}
