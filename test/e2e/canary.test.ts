/** The canary as it is deployed, on the embedded cloud: its own function, by its own role, says how fast refusals come. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canaryRegistrations } from "../../bin/lanyard/canary/registrations.ts";
import { run } from "../../bin/lanyard/program.ts";
import { type CanaryRun, canary } from "../../core/model/canary.ts";
import { awaitRecords } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { readAssembly } from "../../local/emulator/cloudformation/assembly.ts";
import { synthesizeLocal } from "../kit/stage.ts";
import { synthesize } from "../local/sts/team.ts";
import { account, region, targets, writeRegistry } from "./lineage/registry.ts";

const invokedIn = async ({ cloud }: World, event: object): Promise<CanaryRun> => {
  const found = (await cloud.invoke("canary", event)) as CanaryRun;
  console.log(`canary ${JSON.stringify(event)}: ${JSON.stringify(found.refusedAfterMillis)}`);
  return found;
};

describe("the revocation canary", () => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lanyard-canary-"));
    const directory = join(folder, ".lanyard");
    world = await raiseWorld({ memory: true, directory, archive: true, onProgress: () => undefined });
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const invoked = (event: object) => invokedIn(world, event);
  const runs: CanaryRun[] = [];

  it("measures refusals within what is promised: by the next request, and offline within a list's life", async () => {
    for (let i = 0; i < 3; i++) runs.push(await invoked({}));
    for (const { refusedAfterMillis } of runs) {
      expect(Object.keys(refusedAfterMillis)).toEqual(["introspection", "offline", "credentials"]);
      expect(refusedAfterMillis.introspection).toBeLessThan(10_000);
      expect(refusedAfterMillis.offline).toBeLessThan(15_000);
      expect(refusedAfterMillis.credentials).toBeLessThan(10_000);
    }
  });

  it("waits once an hour until AWS refuses what was lent, which credentials of a minute do by ending", async () => {
    runs.push(await invoked({ aws: true }));
    expect(runs.at(-1)?.refusedAfterMillis.aws).toBeGreaterThan(1_000);
    expect(runs.at(-1)?.refusedAfterMillis.aws).toBeLessThan(65_000);
  });

  it("is on record with its mark, session by session", async () => {
    const of = (sid: string) => (all: Awaited<ReturnType<typeof awaitRecords>>) =>
      all.filter(({ facts }) => facts.sid === sid);
    const [first] = runs;
    if (!first) throw new Error("no run");
    const all = await awaitRecords(world, (there) => of(first.sid)(there).length >= 5, 20_000);
    const mine = of(first.sid)(all);
    expect(new Set(mine.map(({ facts }) => facts.operation))).toEqual(
      new Set(["session.open", "token.access", "credentials.vend", "session.end", "introspect"]),
    );
    expect(mine.map(({ facts }) => (facts as { canary?: true }).canary)).toEqual(mine.map(() => true));
  });

  it("holds nothing but what is its own", async () => {
    const said: string[] = [];
    const terminal = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
    expect(await run(["agents", "lanyard-canary", "--json"], { terminal, env: {}, folder })).toBe(0);
    const { registration, serves, can } = JSON.parse(said.join("\n")) as {
      registration: { may: unknown; lends: unknown; clients: unknown };
      serves: unknown;
      can: { resource: string; scope: string; for: object }[];
    };
    const own = [{ resource: canary.resource, scopes: [canary.scope] }];
    expect(registration).toMatchObject({ may: own, lends: own, clients: [] });
    expect(serves).toEqual([canary.resource]);
    expect(can.map(({ resource, scope, for: whom }) => [resource, scope, whom])).toEqual([
      [canary.resource, canary.scope, { kind: "itself" }],
    ]);
  });
});

describe("the revocation canary where credentials live longer than a stop takes", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-canary-stop-"));
  /** Of the stage; the canary's own session lives for half of it. */
  const lifeSeconds = 600;
  let world: World;
  beforeAll(async () => {
    const team = join(folder, "team");
    const lanyard = { account, region, stage: "local", trustDomain: "lanyard.local" };
    synthesize(team, { account, lanyard, roles: targets });
    const awsCredentials = { accounts: [account], lifeSeconds };
    const assembly = await synthesizeLocal(folder, { awsCredentials, canary: { stopWriter: true } });
    const registry = join(folder, "registry");
    writeRegistry(registry, "https://nobody.example");
    const registrations = canaryRegistrations({ stage: "local", owner: "operators", aws: true });
    writeFileSync(join(registry, "canary.yaml"), registrations);
    const beside = readAssembly(team);
    world = await raiseWorld({
      ...{ memory: true, assembly, registry, applications: ["planner"], beside, onProgress: () => undefined },
    });
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("threat 20: measures in its hourly run the deny that AWS enforces, minutes before the credentials end", async () => {
    const took: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { refusedAfterMillis } = await invokedIn(world, { aws: true });
      expect(Object.keys(refusedAfterMillis)).toEqual(["introspection", "offline", "credentials", "aws"]);
      took.push(refusedAfterMillis.aws ?? Number.NaN);
    }
    // nothing but a deny can be so early: the credentials live as long as the session, five minutes
    expect(Math.max(...took)).toBeLessThan(15_000);
    const denied = world.cloud
      .calls()
      .filter(
        ({ roleArn, operation, status }) =>
          status >= 400 && operation === "GetItem" && roleArn.includes("canary-target"),
      );
    expect(new Set(denied.map(({ code }) => code))).toEqual(new Set(["AccessDeniedException"]));
    expect(denied.length).toBe(took.length);
    const [least, , middle, , most] = took.toSorted((a, b) => a - b);
    console.log(`canary, by the deny: p50 ${middle} ms, from ${least} to ${most} ms in ${took.length} runs`);
  });
});
