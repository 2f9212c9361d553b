import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { env } from "../lambdas/env.ts";
import { bundle } from "../scripts/build.ts";
import { median, type Row } from "./measure.ts";

const samples = 9;

/** Size and import time of each function's bundle, in a fresh process each time, with a function's environment. */
export async function benchBundles(): Promise<Row[]> {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  const rows: Row[] = [];
  const empty = median(Array.from({ length: samples }, () => importMillis("node:path")));
  for (const { name, folder, bytes } of await bundle(undefined, dist)) {
    const file = `${folder}/index.mjs`;
    const millis = median(Array.from({ length: samples }, () => importMillis(pathToFileURL(file).href)));
    const gzip = gzipSync(readFileSync(file)).length;
    rows.push({ section: "bundle", name: `${name}: size`, value: bytes / 1000, unit: "kB" });
    rows.push({ section: "bundle", name: `${name}: size gzipped`, value: gzip / 1000, unit: "kB" });
    const ratio = { of: "importing nothing", value: millis / Math.max(empty, 0.1) };
    rows.push({ section: "bundle", name: `${name}: import`, value: millis, unit: "ms", ratio });
  }
  return rows;
}

function importMillis(specifier: string): number {
  const script = `const t=performance.now();await import(${JSON.stringify(specifier)});process.stdout.write(String(performance.now()-t));process.exit(0)`;
  const arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000";
  const settings = Object.fromEntries(Object.values(env).map((name) => [name, name.endsWith("_ARN") ? arn : "x"]));
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      ...settings,
      [env.issuer]: "https://issuer.example",
      [env.trustDomain]: "agents.example.com",
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
