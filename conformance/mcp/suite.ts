import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Check } from "./baseline.ts";

/** A run of the official MCP suite: every check, and the suite's own closing lines. */
export interface SuiteRun {
  readonly checks: readonly Check[];
  readonly summary: readonly string[];
}

const suite = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
  "dist/index.js",
);
const ourClient = join(import.meta.dirname, "client.ts");
const runSeconds = 60;

/** Scenarios that our client plays. Whatever else the suite has about authorization begins with dynamic registration. */
export const clientScenarios: readonly string[] = [
  "auth/client-credentials-jwt",
  "auth/client-credentials-basic",
  "auth/dpop",
  "auth/dpop-nonce",
  "auth/wif-jwt-bearer",
  "auth/enterprise-managed-authorization",
  "auth/scope-step-up",
  "auth/scope-retry-limit",
  "auth/scope-from-www-authenticate",
  "auth/scope-from-scopes-supported",
  "auth/resource-mismatch",
  "auth/metadata-issuer-mismatch",
  "auth/iss-supported-missing",
  "auth/iss-wrong-issuer",
];

/** Runs one scenario against our client, each in a program of its own. */
export async function runClient(scenario: string): Promise<SuiteRun> {
  const { checks, summary } = await run([
    "client",
    "--command",
    `${process.execPath} ${ourClient}`,
    "--scenario",
    scenario,
  ]);
  // the suite fails a client for how it ended as well, which is none of its checks
  const passed = summary.some((line) => line.endsWith("OVERALL: PASSED"));
  const overall = { scenario, id: "overall", status: passed ? "SUCCESS" : "FAILURE", message: "as a whole" } as const;
  return { checks: [...checks, overall], summary };
}

/** Runs the scenarios of authorization servers against an issuer. */
export const runAuthorization = (issuer: string): Promise<SuiteRun> => run(["authorization", "--url", issuer]);

async function run(args: readonly string[]): Promise<SuiteRun> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-mcp-suite-"));
  try {
    const out = await outputOf([suite, ...args, "--output-dir", folder]);
    const checks = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("checks.json"))
      .flatMap((path) => checksIn(join(folder, path), scenarioOf(path)));
    // its own words, whatever it printed above
    const summary = out.filter((line) => /^(?:Passed:|[✓✗].*passed|Total:|. OVERALL)/.test(line));
    return { checks, summary };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `auth/dpop-2026-…/checks.json` is of scenario `auth/dpop`; the suite puts the kind of run before some names. */
const scenarioOf = (path: string): string =>
  dirname(path)
    .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "")
    .replace(/^authorization-server-(?=authorization-)/, "");

function checksIn(file: string, scenario: string): readonly Check[] {
  const read = JSON.parse(readFileSync(file, "utf8")) as readonly (Omit<Check, "scenario" | "message"> & {
    readonly errorMessage?: string;
    readonly description: string;
  })[];
  return read.map(({ id, status, errorMessage, description }) => ({
    scenario,
    id,
    status,
    message: errorMessage ?? description,
  }));
}

/** What a program printed, without colours; its exit code says less than its checks do. */
function outputOf(args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], timeout: runSeconds * 1000 });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", () => resolve(stripVTControlCharacters(text).split("\n")));
  });
}
