import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, describe, expect, test } from "vitest";
import type { AuditFacts } from "../../core/audit/record.ts";
import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { Call } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { foldInto } from "../kit/memory/fold.ts";
import { MemoryRegistry } from "../kit/memory/registry-store.ts";
import { MemoryStore } from "../kit/memory/store.ts";
import { agent, baseRows, tickets, trustDomain } from "../kit/registry.ts";

const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
const selector = (name: string) => ({
  type: "aws-sts-web-identity",
  exact: { roleArn: `arn:aws:iam::123456789012:role/${name}` },
});
/** The base rows as files would give them: every agent with a selector of its own. */
const rows: readonly Registration[] = baseRows.map((row) =>
  row.kind === "agent"
    ? { ...row, selectors: [selector(row.name)] }
    : row.kind === "entailment"
      ? { ...row, details: {} }
      : row,
);

let registry: MemoryRegistry;
let outbox: MemoryStore;
let folded: AuditFacts[];
beforeEach(() => {
  registry = new MemoryRegistry();
  outbox = new MemoryStore();
  folded = [];
});

const call = (method: string, path: string, body: unknown, more: Partial<Call> = {}): Call => ({
  method,
  url: `https://adm.lambda-url.eu-west-1.on.aws${path}`,
  path,
  contentType: "application/json",
  body: typeof body === "string" ? body : JSON.stringify(body),
  dpop: [],
  requestId: "r-1",
  ...more,
});

async function send(method: string, path: string, body: unknown, who: typeof operator | null = operator, more = {}) {
  const endpoint = createAdminWriteEndpoint({
    clock: { nowMillis: () => 1_785_542_400_000 },
    ids: randomIds,
    outbox,
    fold: foldInto(folded),
    issuer: "https://issuer.example",
    trustDomain,
    registry,
    cedar,
  });
  const reply = await endpoint(call(method, path, body, more), who ?? undefined);
  return { status: reply.status, body: JSON.parse(reply.body) };
}
const applyAll = async (list: readonly Registration[] = rows, more = {}) =>
  send("PUT", "/registry", { registrations: list, ...more });
const stateOf = async (name: string) =>
  (await registry.rows(await registry.applied())).find((row) => row.kind === "agent" && row.name === name);
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
          reason: "triage hands on",
          changes: {
            changed: ["agent triage"],
            values: [{ name: "agent triage", path: "maxDepth", before: "1", after: "2" }],
          },
        },
      },
    });
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

describe("PATCH /agents/<name>", () => {
  beforeEach(() => applyAll());

  test("suspends one agent and leaves every other registration as it was", async () => {
    const { body } = await send("PATCH", "/agents/planner", { state: "suspended", reason: "odd behaviour" });
    expect(body).toMatchObject({ version: 2, difference: { changed: [{ name: "agent planner" }] } });
    expect(await stateOf("planner")).toMatchObject({ state: "suspended" });
    expect(await stateOf("researcher")).toMatchObject({ state: "active" });
  });

  test.each([
    ["retired", "active"],
    ["retired", "suspended"],
    ["active", "draft"],
  ])("refuses to make an agent that is %s %s", async (from, to) => {
    if (from !== "active") await send("PATCH", "/agents/planner", { state: from, reason: "r" });
    const { status, body } = await send("PATCH", "/agents/planner", { state: to, reason: "r" });
    expect(status).toBe(422);
    expect(body.problems[0].message).toBe(`an agent that is ${from} cannot become ${to}`);
    expect(await stateOf("planner")).toMatchObject({ state: from });
  });

  test("threat 15: refuses to activate an agent whose document an active one could show", async () => {
    const twin = agent("planner-2", { state: "suspended", selectors: [selector("planner")] });
    expect((await applyAll([...rows, twin])).status).toBe(200);
    const { status, body } = await send("PATCH", "/agents/planner-2", { state: "active", reason: "r" });
    expect(status).toBe(422);
    expect(body.problems[0].message).toContain("one workload could be");
    expect(await stateOf("planner-2")).toMatchObject({ state: "suspended" });
    await send("PATCH", "/agents/planner", { state: "suspended", reason: "r" });
    expect((await send("PATCH", "/agents/planner-2", { state: "active", reason: "r" })).status).toBe(200);
    expect((await send("PATCH", "/agents/planner", { state: "active", reason: "r" })).status).toBe(422);
  });

  test.each<[string, string, object, number]>([
    ["an agent nobody registered", "/agents/ghost", { state: "suspended", reason: "r" }, 404],
    ["a state there is not", "/agents/planner", { state: "god", reason: "r" }, 422],
    ["no reason", "/agents/planner", { state: "suspended" }, 400],
    ["an empty reason", "/agents/planner", { state: "suspended", reason: "  " }, 400],
    ["a member nobody knows", "/agents/planner", { state: "suspended", reason: "r", force: true }, 400],
    ["another agent's path in its name", "/agents/../agents/planner", { state: "suspended", reason: "r" }, 404],
    ["a stale base", "/agents/planner", { state: "suspended", reason: "r", base: 9 }, 409],
  ])("refuses %s", async (_, path, body, status) => {
    expect((await send("PATCH", path, body)).status).toBe(status);
    expect(registry.versions.size).toBe(1);
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

describe("threat 1: an agent that worked does not come back by leaving", () => {
  test.each(["active", "suspended", "retired"])(
    "refuses to take out one that is %s, and so to put it in anew",
    async (state) => {
      const bystander = agent("bystander", { selectors: [selector("bystander")] });
      await applyAll([...rows, bystander]);
      if (state !== "active") await send("PATCH", "/agents/bystander", { state, reason: "r" });
      const { status, body } = await applyAll(rows);
      expect([status, body.problems[0].file]).toEqual([422, "agent bystander"]);
      expect(await stateOf("bystander")).toMatchObject({ state });
    },
  );

  test("lets a draft go, which never held anything", async () => {
    await applyAll([...rows, agent("idea", { state: "draft", selectors: [selector("idea")] })]);
    expect((await applyAll(rows)).body).toMatchObject({ difference: { removed: ["agent idea"] } });
  });

  test("an empty registry is no way round it", async () => {
    await applyAll();
    expect((await applyAll([])).status).toBe(422);
    expect(registry.versions.size).toBe(1);
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

describe("threat 18: whoever calls must be known to IAM", () => {
  test("a call without an identity changes nothing and is folded, not recorded alone", async () => {
    const { status } = await send("PUT", "/registry", { registrations: rows }, null);
    expect(status).toBe(403);
    expect([registry.versions.size, outbox.records.length, folded.length]).toEqual([0, 0, 1]);
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
