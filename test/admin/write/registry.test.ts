import { describe, expect, test } from "vitest";
import type { Call } from "../../../core/model/wire.ts";
import { registryDigest } from "../../../core/registry/digest.ts";
import { agent, tickets } from "../../kit/registry.ts";
import { applyAll, operator, outbox, registry, rows, selector, send, setUp, stateOf } from "./ground.ts";

setUp();

const audited = () => registry.records.map(({ body }) => JSON.parse(body));

describe("PUT /registry", () => {
  test("makes a set of registrations the registry, with actor, reason and every value in one event", async () => {
    expect(await applyAll()).toMatchObject({ status: 200, body: { version: 1, base: 0 } });
    const changed = rows.map((row) => (row.kind === "agent" && row.name === "triage" ? { ...row, maxDepth: 2 } : row));
    const second = await applyAll(changed, { base: 1, reason: "triage hands on" });
    expect(second.body).toMatchObject({
      version: 2,
      base: 1,
      difference: {
        added: [],
        removed: [],
        changed: [{ name: "agent triage", values: [{ path: "maxDepth", before: 1, after: 2 }] }],
      },
    });
    expect(audited()[1]).toMatchObject({
      actor: { user: { uid: "AROAEXAMPLE", name: operator.arn } },
      unmapped: {
        lanyard: {
          operation: "registry.apply",
          registry_version: 2,
          registry_base: 1,
          registry_digest: registryDigest(await registry.rows(2)),
          reason: "triage hands on",
          changes: {
            changed: ["agent triage"],
            values: [{ name: "agent triage", path: "maxDepth", before: "1", after: "2" }],
          },
        },
      },
    });
    expect(registryDigest(await registry.rows(1))).not.toBe(registryDigest(await registry.rows(2)));
    expect(registry.entries[1]).toMatchObject({ version: 2, base: 1, by: operator.arn, changed: 1 });
  });

  test("is idempotent: what changes nothing writes nothing", async () => {
    await applyAll();
    expect((await applyAll()).body).toMatchObject({ version: 1, difference: { added: [], changed: [], removed: [] } });
    expect(registry.records).toHaveLength(1);
  });

  test("only says what it would change when asked so", async () => {
    const planned = await applyAll(rows, { dryRun: true });
    expect(planned.body.version).toBe(0);
    expect(planned.body.difference.added).toHaveLength(rows.length);
    expect(registry.versions.size).toBe(0);
  });

  test("refuses a plan made against a version that no longer counts", async () => {
    await applyAll();
    const { status, body } = await applyAll(rows.slice(0, -1), { base: 7 });
    expect(status).toBe(409);
    expect(body).toMatchObject({ error: "registry_stale" });
  });

  test("refuses the second of two applies at one instant, whichever it is", async () => {
    await applyAll();
    const without = (name: string) => rows.filter((row) => row.name !== name);
    const retiring = rows.map((row) => (row.name === "sleeper" ? { ...row, state: "retired" } : row)) as typeof rows;
    registry.beforeApply = async () => void (await applyAll(retiring));
    const { status } = await applyAll(without("partners"));
    expect(status).toBe(409);
    expect(registry.versions.size).toBe(2);
    expect(await registry.rows(2)).toHaveLength(rows.length);
  });

  test.each<[string, readonly unknown[], string]>([
    [
      "a scope no resource declares",
      [...rows, { ...agent("x"), selectors: [selector("x")], may: [{ resource: tickets, scopes: ["tickets:burn"] }] }],
      "tickets:burn",
    ],
    ["a name twice", [...rows, rows[0]], "already"],
    ["a policy that does not parse", [...rows, { kind: "policy", name: "p", cedar: "permit (" }], "unexpected"],
    ["an unknown kind", [{ kind: "root" }], "Invalid"],
    ["no registrations at all", [], "no registrations"],
    ["what is no object", [7, null, "x"], "Invalid"],
  ])("refuses %s, says every problem, and writes nothing", async (_, registrations, message) => {
    const { status, body } = await send("PUT", "/registry", { registrations });
    expect(status).toBe(422);
    expect(JSON.stringify(body.problems)).toContain(message);
    expect(registry.versions.size).toBe(0);
    expect(outbox.records).toHaveLength(1);
  });
});

describe("two operators at one instant, neither naming a base", () => {
  test.each([
    ["a change of one agent's state", "PATCH", "/agents/researcher", { state: "suspended", reason: "r" }],
    ["a rollback", "POST", "/rollback", { to: 1, reason: "r" }],
  ])("%s does not undo what was applied after it was made from the registry", async (_, method, path, body) => {
    await applyAll();
    await applyAll(rows.map((row) => (row.name === "triage" ? { ...row, maxDepth: 2 } : row)) as typeof rows);
    const { rows: read } = registry;
    registry.rows = async (version) => {
      const seen = await read.call(registry, version);
      registry.rows = read;
      // the other one stops planner between this one's look and its write
      await send("PATCH", "/agents/planner", { state: "suspended", reason: "odd behaviour" });
      return seen;
    };
    expect((await send(method, path, body)).status).toBe(409);
    expect(await stateOf("planner")).toMatchObject({ state: "suspended" });
    expect((await send(method, path, body)).status).toBe(200);
    expect(await stateOf("planner")).toMatchObject({ state: "suspended" });
  });
});

describe("POST /rollback", () => {
  test("makes an earlier version's registrations a new version", async () => {
    await applyAll();
    await applyAll(rows.filter((row) => row.name !== "partners"));
    const { body } = await send("POST", "/rollback", { to: 1, reason: "partners still need it" });
    expect(body).toMatchObject({ version: 3, base: 2, difference: { added: ["trusted-issuer partners"] } });
    expect(await registry.rows(3)).toHaveLength(rows.length);
    expect(audited()[2].unmapped.lanyard).toMatchObject({
      registry_version: 3,
      registry_base: 2,
      registry_restored: 1,
    });
  });

  test("does not bring a retired agent back: today's rules hold for yesterday's registrations", async () => {
    await applyAll();
    await send("PATCH", "/agents/triage", { state: "retired", reason: "replaced" });
    const { status, body } = await send("POST", "/rollback", { to: 1, reason: "r" });
    expect(status).toBe(422);
    expect(body.problems[0]).toMatchObject({ file: "agent triage", path: "state" });
  });

  test("wakes no agent that was suspended since: a rollback for another reason is not the end of that one", async () => {
    await applyAll();
    await send("PATCH", "/agents/planner", { state: "suspended", reason: "odd behaviour" });
    expect((await send("POST", "/rollback", { to: 1, reason: "partners still need it" })).status).toBe(200);
    expect(await stateOf("planner")).toMatchObject({ state: "suspended" });
    expect(await stateOf("researcher")).toMatchObject({ state: "active" });
  });

  test("leaves an agent registered since in place, suspended and holding nothing", async () => {
    await applyAll();
    const may = [{ resource: tickets, scopes: ["tickets:read"] }];
    await applyAll([...rows, agent("late", { selectors: [selector("late")], may, lends: may })]);
    expect((await send("POST", "/rollback", { to: 1, reason: "r" })).status).toBe(200);
    expect(await stateOf("late")).toMatchObject({ state: "suspended", may: [], lends: [] });
    await send("PATCH", "/agents/late", { state: "retired", reason: "r" });
    await send("POST", "/rollback", { to: 1, reason: "r" });
    expect(await stateOf("late")).toMatchObject({ state: "retired" });
  });

  test("goes back to no number whose rows an apply left behind that never counted", async () => {
    await applyAll();
    // two applies at one instant: the loser's rows stay in the table, and nobody ever decided by them
    registry.versions.set(
      2,
      rows.filter((row) => row.kind !== "policy"),
    );
    const { status, body } = await send("POST", "/rollback", { to: 2, reason: "r" });
    expect([status, body.error]).toEqual([404, expect.any(String)]);
    expect(await registry.applied()).toBe(1);
  });

  test.each([[0], [-1], [1.5], ["1"], [2]])("refuses to go back to %j", async (to) => {
    await applyAll();
    const { status } = await send("POST", "/rollback", { to, reason: "r" });
    expect([400, 404]).toContain(status);
    expect(registry.versions.size).toBe(1);
  });
});

describe("what is not asked properly", () => {
  test.each([
    ["GET", "/registry", 405],
    ["PUT", "/rollback", 405],
    ["POST", "/agents/planner", 405],
    ["PUT", "/", 404],
    ["PUT", "/registry/", 404],
    ["PUT", "//registry", 404],
  ])("%s %s is refused with %i", async (method, path, status) => {
    expect((await send(method, path, {})).status).toBe(status);
  });

  test.each<[string, unknown, Partial<Call>, number]>([
    ["another content type", "{}", { contentType: "text/yaml" }, 415],
    ["a body that is no JSON", "{", {}, 400],
    ["a list", "[]", {}, 400],
    ["a member twice", '{"registrations":[],"registrations":[]}', {}, 400],
    ["a body nested too deep", `{"registrations":${"[".repeat(40)}${"]".repeat(40)}}`, {}, 400],
    ["more than five megabytes", `{"registrations":["${"x".repeat(5_000_001)}"]}`, {}, 413],
    ["a base that is no version", { registrations: [], base: "1" }, {}, 400],
    ["a dry run that is neither true nor false", { registrations: [], dryRun: 1 }, {}, 400],
  ])("%s is refused", async (_, body, more, status) => {
    expect((await send("PUT", "/registry", body, operator, more)).status).toBe(status);
  });
});
