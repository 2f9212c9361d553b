/** What CI runs, the most important first, and how long each takes on a quiet machine of two cores. */

import { readdirSync } from "node:fs";

/** One command of CI. */
export interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  /** Wall time on a quiet machine of two cores, in seconds; only for planning. */
  readonly quietSeconds: number;
}

const suite = (name: string, quietSeconds: number, ...command: readonly string[]): Suite => ({
  name,
  quietSeconds,
  command,
});

const clockless = [
  "governance",
  "approvals",
  "operating",
  "kill",
  "budgets",
  "deployed-registry",
  "domain",
  "uses-and-renewal",
  "lineage",
  "session-aws",
  "tools",
  "vending",
];
/** Each waits for what only time brings: the delivery's buffer, the sealer's minute, the end of credentials. */
const clocked = ["audit", "audit-log", "canary", "own-role", "stops-in-aws"];
/** Clients, servers and gateways of others. */
const reach = ["reach-decide", "reach-examples", "reach-grant", "reach-mcp", "reach-python", "reach-servers"];
const packages = ["client-package", "cli-package", "cdk-package", "install"];
const restartsAndWorkloads = ["restart", "halfway", "story", "agents", "instances", "aws-attestation"];
/** Rows of the bench's quick form that CI holds to their goals: they hold on a busy machine as well. */
export const holding = [
  "verify/es256",
  "issue/client-credentials",
  "issue/redeem",
  "policy/decision",
  "cost/session",
  "cost/vend",
  "cost/decision",
  "cost/budgeted",
  "cost/record",
  "cost/idle",
  "cost/algorithms",
  "audit/carry",
  "log/prove",
];
/** Those whose ratio a busy machine moves by more than a fifth (docs/performance.md), so that CI would guess at them. */
export const moved = ["verify/rs256", "issue/person", "log/verify"];
const story = suite("the story", 13, "npm", "start", "--silent", "--", "--once", "--memory");
const synth = suite("the stacks by the README's command", 10, "npx", "cdk", "synth", "-q");
const behind: readonly Suite[] = [
  suite("the conformance table", 16, "npm", "run", "--silent", "conformance"),
  suite("the campaigns that wait for no clock", 105, "npm", "run", "--silent", "e2e", "--", ...clockless),
  suite(
    "the campaigns of restarts and of workloads",
    48,
    "npm",
    "run",
    "--silent",
    "e2e",
    "--",
    ...restartsAndWorkloads,
  ),
  suite("the campaigns of reach", 64, "npm", "run", "--silent", "e2e", "--", ...reach),
  // Go and Python 3.12 verify our log; where one is missing its cases say so and are skipped
  suite("the log, by verifiers of others", 21, "npm", "run", "--silent", "e2e", "--", "foreign-verifiers"),
  // Python 3.10 or newer; where it or pip's index is missing, the suite says so and is skipped
  suite("the Python package", 19, "npm", "run", "--silent", "python"),
  suite("the packages, packed and installed from the registry", 52, "npm", "run", "--silent", "e2e", "--", ...packages),
  suite("the vectors", 3, "bash", "-c", "npm run --silent vectors >/dev/null"),
  suite("a short load", 18, "npm", "run", "--silent", "load", "--", "--short"),
  suite("the random programs", 16, "npm", "run", "--silent", "model", "--", "--seed", "7", "--runs", "120"),
  suite("the ratios that hold", 52, "npm", "run", "--silent", "bench", "--", "--quick", "--check", ...holding),
  suite("the campaigns of the trail and of stops in AWS", 140, "npm", "run", "--silent", "e2e", "--", ...clocked),
  suite("the keys that rotate", 65, "npm", "run", "--silent", "e2e", "--", "rotation"),
];

/** On a machine that has the time: the README's commands, then a short form of what `npm test` leaves out. */
export const quietSuites: readonly Suite[] = [synth, story, suite("npm test", 251, "npm", "test"), ...behind];

/**
 * `npm test` in parts, in order of importance: what grants and ends authority, what proves an agent, what attacks all
 * of it as deployed, then the rest. Every folder and every file at the top of `test/` stands in one part, or is run
 * behind all parts.
 */
export const parts: readonly (readonly [name: string, quietSeconds: number, paths: readonly string[]])[] = [
  ["authority", 25, ["test/token", "test/session", "test/narrow", "test/policy", "test/person", "test/dpop"]],
  ["what else is asked", 10, ["test/approve", "test/decide", "test/tools", "test/credentials", "test/aws"]],
  ["proofs", 15, ["test/attest", "test/jwt", "test/verify", "test/age"]],
  ["attacks on the running cloud", 45, ["test/e2e"]],
  ["the functions' edges", 35, ["test/lambdas", "test/discovery", "test/status", "test/events", "test/errors"]],
  ["what is heard and told", 20, ["test/signals", "test/notices", "test/stop", "test/sealing", "test/lineage"]],
  [
    "operators",
    105,
    ["test/admin", "test/registry", "test/ring", "test/audit", "test/evidence", "test/tlog", "test/bin", "test/canary"],
  ],
  ["the templates", 30, ["test/stack", "test/drift", "test/walls.test.ts"]],
  ["clients", 35, ["test/client", "test/clients", "test/conformance", "test/packages"]],
  ["the embedded cloud", 45, ["test/local", "test/contract", "test/scripts"]],
  ["the model", 18, ["test/model", "test/bench"]],
];

/** What nobody has given a place yet: it runs last, but it runs. */
export const unplaced: readonly string[] = readdirSync(new URL("../../test", import.meta.url), {
  withFileTypes: true,
})
  .filter((entry) => (entry.isDirectory() ? holdsTests(`test/${entry.name}`) : entry.name.endsWith(".test.ts")))
  .map(({ name }) => `test/${name}`)
  .filter((path) => !parts.some(([, , paths]) => paths.includes(path)));

function holdsTests(folder: string): boolean {
  const names = readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true }) as string[];
  return names.some((name) => name.endsWith(".test.ts"));
}

/** On a slow machine: the same, in parts that fit into what is left of the time. */
export const slowSuites: readonly Suite[] = [
  story,
  suite("types, lint and walls", 25, "node", "scripts/test.ts", "--checks"),
  ...parts.map(([name, quietSeconds, paths]) => suite(name, quietSeconds, "vitest", "run", "--bail=1", ...paths)),
  ...(unplaced.length === 0 ? [] : [suite("the rest", 15 * unplaced.length, "vitest", "run", "--bail=1", ...unplaced)]),
  synth,
  ...behind,
];
