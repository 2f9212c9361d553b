import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Step } from "../../../local/demo/story/step.ts";

const start = join(import.meta.dirname, "../../../local/start.ts");
const folder = mkdtempSync(join(tmpdir(), "lanyard-story-"));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm start -- <args>` as a process of its own. */
const run = (...args: string[]): Promise<Run> => runUntil(undefined, {}, ...args);

/** The same, interrupted once it says `cue`; `left` are the processes it had started by then and left behind. */
function runUntil(
  cue: string | undefined,
  { signal = "SIGINT", atCue = () => undefined }: { signal?: "SIGINT" | "SIGTERM"; atCue?: () => void },
  ...args: string[]
): Promise<Run & { readonly left: () => readonly number[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [start, ...args], { env: { ...process.env, NO_COLOR: "1" } });
    let [stdout, stderr] = ["", ""];
    let started: readonly number[] | undefined;
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      if (cue === undefined || started !== undefined || !stderr.includes(cue)) return;
      started = descendants(child.pid ?? 0);
      atCue();
      child.kill(signal);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr, left: () => (started ?? []).filter(isRunning) }));
  });
}

/** Process ids of everything that a process started, and that those started. */
function descendants(of: number): readonly number[] {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    all.flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid, ...below(pid)] : []));
  return below(of);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

let told: Run;
let report: {
  ok: boolean;
  steps: Step[];
  auditRecords: number;
  endpoints: Record<string, unknown> & {
    agents: Record<string, { id: string; credentials: Record<string, string> }>;
    resources: Record<string, { scopes: string[]; servedBy: string }>;
  };
};

beforeAll(async () => {
  told = await run("--once", "--json", "--memory", "--directory", folder);
  report = JSON.parse(told.stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const step = (name: string): Step => {
  const found = report.steps.find((each) => each.name === name);
  if (!found) throw new Error(`no step is called "${name}"`);
  return found;
};

describe("npm start -- --once --json --memory", () => {
  it("exits 0 and prints one JSON object, and nothing else, on standard output", () => {
    expect(told.code, told.stderr).toBe(0);
    expect(told.stdout.trim().split("\n")).toHaveLength(1);
    expect(Object.keys(report)).toEqual(["ok", "steps", "auditRecords", "endpoints"]);
    expect(report.ok).toBe(true);
  });

  it("tells progress on standard error, without colours", () => {
    expect(told.stderr).toContain("What the audit bucket says");
    expect(told.stderr).not.toContain("\u001b[");
  });

  it("tells every step of the story, in order, each as it should be", () => {
    expect(report.steps.map(({ name }) => name)).toEqual([
      "a person signs in",
      "the planner attests",
      "the planner opens a session for Ada",
      "the planner offers one scope to the researcher",
      "a third agent that got hold of the offer is refused",
      "the researcher redeems the offer",
      "the researcher calls the ticket API",
      "the researcher asks for more and is refused",
      "the researcher reads the ticket's file in S3",
      "CloudTrail names the session that read it",
      "the ticket API goes one hop on",
      "the researcher works on its own",
      "the customer API, verifying offline, lets the planner in",
      "the deployer asks for production, and waits for a person",
      "Grace approves exactly that",
      "the deployer deploys, once",
      "the deployer asks for another commit, and Grace refuses",
      "the operator revokes Ada's session",
      "the researcher's very next introspected call fails",
      "the offline verifier refuses within the list's ttl",
      "the planner tries again with the same ID token and is refused",
      "every decision is in the audit bucket",
    ]);
    for (const { name, ok, ms, detail } of report.steps) {
      expect(ok, name).toBe(true);
      expect(ms, name).toBeGreaterThan(0);
      expect(detail.says.length, name).toBeGreaterThan(20);
    }
  });

  it.each([
    ["a third agent that got hold of the offer is refused", 400, "invalid_request", "offer_for_another_agent"],
    ["the researcher asks for more and is refused", 400, "invalid_scope", "scope_exceeds"],
    ["the deployer asks for another commit, and Grace refuses", 400, "access_denied", "approval_refused"],
    ["the planner tries again with the same ID token and is refused", 400, "invalid_request", "person_token_burnt"],
  ])("%s", (name, status, error, reason) => {
    expect(step(name).detail.refused).toMatchObject({ status, error, reason, requestId: expect.any(String) });
  });

  // within which time, the campaign revocation-bound measures: here a busy machine would fail it
  it("refuses offline after the revocation, and says how long after", () => {
    const { afterMillis, ttlSeconds } = step("the offline verifier refuses within the list's ttl").detail;
    expect(ttlSeconds).toBe(5);
    expect(Number(afterMillis)).toBeGreaterThan(0);
  });

  it("shows as Grace's what was approved, and what came of it as the deployer's own work", () => {
    const { id, commit } = step("the deployer asks for production, and waits for a person").detail;
    expect(step("Grace approves exactly that").detail).toMatchObject({ id, session: "grace" });
    expect(step("the deployer deploys, once").detail.commit).toBe(commit);
    const tree = told.stderr.slice(told.stderr.indexOf("What the audit bucket says"));
    for (const line of [/Grace approves +allowed/, /Grace refuses +allowed/, /takes a use +denied +uses_spent/])
      expect(tree).toMatch(line);
  });

  it("reads back a record for every decision", () => {
    const { records, denied } = step("every decision is in the audit bucket").detail;
    expect(records).toBe(report.auditRecords);
    expect(report.auditRecords).toBeGreaterThanOrEqual(20);
    expect(Number(denied)).toBeGreaterThanOrEqual(6);
  });

  it("hands out what an outside program needs to play every part", () => {
    const { endpoints } = report;
    const origin = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+(\/sign-in)?$/);
    for (const name of ["issuer", "attest", "token", "introspect", "revoke", "discovery", "admin"])
      expect(endpoints[name], name).toEqual(origin);
    expect(endpoints.aws).toEqual({ endpoint: origin, region: expect.stringMatching(/^[a-z]{2}-[a-z]+-\d$/) });
    expect(endpoints).toMatchObject({ identityProvider: origin, signIn: origin, auditFolder: expect.any(String) });
    expect(Object.keys(endpoints.agents).sort()).toEqual([
      "customer-api",
      "deployer",
      "planner",
      "researcher",
      "ticket-api",
      "triage",
    ]);
    for (const [name, { id, credentials }] of Object.entries(endpoints.agents)) {
      expect(id).toMatch(new RegExp(`^spiffe://[a-z0-9.-]+/agent/${name}$`));
      expect(Object.keys(credentials).sort()).toEqual(["accessKeyId", "secretAccessKey", "sessionToken"]);
    }
    expect(endpoints.operator).toEqual({ credentials: expect.objectContaining({ accessKeyId: expect.any(String) }) });
    expect(endpoints.resources["https://tickets.support-desk.example"]).toEqual({
      scopes: ["tickets:read", "tickets:write"],
      servedBy: "ticket-api",
    });
    expect(endpoints.deployment).toMatchObject({
      trustDomain: expect.any(String),
      tables: { registry: expect.any(String), revocations: expect.any(String), outbox: expect.any(String) },
      variables: { account: expect.stringMatching(/^\d{12}$/) },
    });
  });

  it("keeps tokens, handles and keys out of what it prints about the steps", () => {
    const text = JSON.stringify(report.steps) + told.stderr;
    expect(text).not.toMatch(/eyJ[\w-]{10,}\.|lyo_[\w-]{22}\./);
    for (const { credentials } of Object.values(report.endpoints.agents))
      expect(text).not.toContain(credentials.secretAccessKey);
  });
});

describe("npm start", () => {
  it("explains itself", async () => {
    const help = await run("--help");
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain("--once");
  });

  it.each([
    ["SIGINT", "before anything is made", "on this machine"],
    ["SIGTERM", "while functions are called for the stacks", "creating the custom resources"],
    ["SIGTERM", "while the registry is applied", "applying the registry"],
    ["SIGINT", "in the middle of the story", "the planner attests"],
  ] as const)("ends at once by %s %s, and leaves no process behind", async (signal, _when, cue) => {
    const stopped = await runUntil(cue, { signal }, "--json", "--memory", "--directory", folder);
    expect([stopped.code, stopped.stdout], stopped.stderr).toEqual([0, ""]);
    expect(stopped.stderr).not.toContain("✗");
    expect(stopped.stderr.trim().endsWith("stopped")).toBe(true);
    await expect.poll(stopped.left).toEqual([]);
  });

  it("threat 31: writes the same to endpoints.json, for its owner's eyes only, as long as it stays up", async () => {
    const file = join(folder, "endpoints.json");
    let seen: { text: string; mode: number; folderMode: number } | undefined;
    const atCue = () => {
      seen = { text: readFileSync(file, "utf8"), mode: statSync(file).mode, folderMode: statSync(folder).mode };
    };
    const stopped = await runUntil(
      "It stays up",
      { signal: "SIGTERM", atCue },
      "--json",
      "--memory",
      "--directory",
      folder,
    );
    expect(stopped.code, stopped.stderr).toBe(0);
    const { pid, ...endpoints } = JSON.parse(seen?.text ?? "") as { pid: number };
    expect(endpoints).toEqual(JSON.parse(stopped.stdout).endpoints);
    // a file that a killed run left behind is known by it
    expect(pid).toBeGreaterThan(0);
    expect([(seen?.mode ?? 0) & 0o777, (seen?.folderMode ?? 0) & 0o077]).toEqual([0o600, 0]);
    await expect.poll(stopped.left).toEqual([]);
    // the addresses of a run that is over would be taken for a deployment
    expect(existsSync(file)).toBe(false);
  });

  it.each([["--nonsense"], ["--port", "80"], ["--port", "x"], ["stray"]])("refuses %s %s", async (...args) => {
    const refused = await run(...args);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("npm start");
  });
});
