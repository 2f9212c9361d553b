import { createHash, generateKeyPairSync } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchWriteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPublishStore } from "../../../lambdas/aws/dynamodb/lists/publish-store.ts";
import { unpackBody } from "../../../lambdas/aws/dynamodb/record-body.ts";
import { createCardKeys } from "../../../lambdas/aws/dynamodb/registry/card-keys.ts";
import { createPublishedTypes } from "../../../lambdas/aws/dynamodb/registry/published-types.ts";
import { createRegistrySource } from "../../../lambdas/aws/dynamodb/registry/registry-source.ts";
import { supportDesk } from "../../kit/example.ts";
import { openGround, trustDomain } from "./registry-ground.ts";

let ground: Awaited<ReturnType<typeof openGround>>;
const folders: string[] = [];

beforeEach(async () => {
  ground = await openGround();
});
afterEach(async () => {
  await ground.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const scan = async (table: string) =>
  (await ground.dynamo.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [];
const versions = async () => [...new Set((await scan(ground.tables.revocations)).map((row) => row.registryVersion?.N))];

/** A copy of the example with one text replaced in one file. */
async function edited(file: string, from: string, to: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lanyard-registry-"));
  folders.push(folder);
  await cp(supportDesk, folder, { recursive: true });
  const text = await readFile(join(folder, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
  await writeFile(join(folder, file), text.replace(from, to));
  return folder;
}
const suspended = () => edited("agents/triage.yaml", "state: active", "state: suspended");

test("a first apply is what the functions read, under version 1 in all sixteen copies", async () => {
  const applied = await ground.apply();
  expect(applied).toMatchObject({ ok: true, value: { version: 1, base: 0, difference: { changed: [], removed: [] } } });
  expect(applied.ok && applied.value.difference.added).toHaveLength(22);
  const copies = await scan(ground.tables.revocations);
  expect(copies.map((row) => row.subject?.S).sort()).toEqual(
    Array.from({ length: 16 }, (_, i) => `deployment#${i}`).sort(),
  );
  for (const row of copies)
    expect(row).toMatchObject({ registryVersion: { N: "1" }, generation: { N: "0" }, blocked: { BOOL: false } });
  const snapshot = await createRegistrySource(ground.client, ground.tables, trustDomain).current();
  expect(snapshot?.version).toBe(1);
  expect(snapshot?.agent(`spiffe://${trustDomain}/agent/planner`)?.clients).toEqual([
    { issuer: "https://login.support-desk.example", clientId: "planner-app" },
  ]);
  expect(snapshot?.policies).toHaveLength(9);
});

test("an apply publishes the names of its details types with the version, and a refused one does not", async () => {
  const reader = () => createPublishedTypes(ground.client, ground.tables.registry, { nowMillis: () => 0 });
  const renamed = async (name: string) => {
    const copy = await edited("resources.yaml", "name: ticket-customers", `name: ${name}`);
    const file = join(copy, "resources.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("  ticket-customers: customer-record", `  ${name}: customer-record`));
    return copy;
  };
  expect(await reader()()).toEqual([]);
  await ground.apply();
  const minute = reader();
  expect(await minute()).toEqual(["customer-record", "ticket-customers"]);
  expect(await ground.apply(await renamed("stale"), { base: 0 })).toMatchObject({ error: { code: "registry_stale" } });
  expect(await reader()()).toEqual(["customer-record", "ticket-customers"]);
  await ground.apply(await renamed("tickets-of"));
  expect(await minute()).toEqual(["customer-record", "ticket-customers"]);
  expect(await reader()()).toEqual(["customer-record", "tickets-of"]);
});

test("an apply publishes the keys of agents that sign cards, and takes out with the version what is no more there", async () => {
  const reader = () => createCardKeys(ground.client, ground.tables.registry, { nowMillis: () => 0 });
  const { kty, crv, x, y } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  const key = { kty, kid: "k1", alg: "ES256", crv, x, y };
  const signing = (state: string) =>
    edited(
      "agents/triage.yaml",
      "state: active",
      `state: ${state}\nsignsCards: true\nkeys: [${JSON.stringify(key).replaceAll('":', '": ')}]`,
    );
  await ground.apply();
  expect(await reader()("triage")).toBeUndefined();
  await ground.apply(await signing("active"));
  const kept = reader();
  expect(await kept("triage")).toEqual([key]);
  expect([await kept("planner"), await kept("__proto__"), await kept("")]).toEqual([undefined, undefined, undefined]);
  await ground.apply(await signing("suspended"));
  expect(await kept("triage")).toEqual([key]);
  expect(await reader()("triage")).toBeUndefined();
  await ground.apply();
  expect(await reader()("triage")).toBeUndefined();
});

test("an apply leaves one audit record that names the operator, the version and what changed", async () => {
  await ground.apply();
  const [row, ...more] = await scan(ground.tables.outbox);
  expect(more).toEqual([]);
  const unpacked = unpackBody(row?.body?.B ?? new Uint8Array());
  const body = unpacked.ok ? unpacked.value : "";
  expect(row?.hash?.S).toBe(createHash("sha256").update(body).digest("base64url"));
  expect(Number(row?.expiresAt?.N) - Math.floor(Number(row?.timeMillis?.N) / 1000)).toBe(14 * 86_400);
  const { unmapped, type_uid } = JSON.parse(body);
  expect(type_uid).toBe(300403);
  expect(unmapped.lanyard).toMatchObject({ registry_version: 1, operator_id: "AROAEXAMPLE", target: "registry" });
  expect(unmapped.lanyard.changes.added).toContain("agent planner");
});

test("applying the same folder again writes nothing", async () => {
  await ground.apply();
  const before = await scan(ground.tables.registry);
  expect(await ground.apply()).toMatchObject({ value: { version: 1, difference: { added: [], changed: [] } } });
  expect(await scan(ground.tables.registry)).toEqual(before);
  expect(await scan(ground.tables.outbox)).toHaveLength(1);
});

test("a changed file changes one row in a new version and leaves the old one as it was", async () => {
  await ground.apply();
  expect(await ground.apply(await suspended())).toMatchObject({
    value: { version: 2, difference: { added: [], changed: [{ name: "agent triage" }], removed: [] } },
  });
  const old = await ground.registry.rows(1);
  expect(old.find((r) => r.name === "triage")).toMatchObject({ state: "active" });
});

test("the history tells every applied version, newest first, in pages", async () => {
  await ground.apply();
  await ground.apply(await suspended(), { reason: "odd behaviour" });
  await ground.apply();
  const [newest, second] = await ground.registry.history(2);
  expect(newest).toMatchObject({ version: 3, base: 2, changed: 1 });
  expect(second).toMatchObject({ version: 2, base: 1, reason: "odd behaviour", by: expect.stringContaining("ada") });
  expect((await ground.registry.history(2, 2)).map(({ version }) => version)).toEqual([1]);
});

test("two plans from one base: the second is refused and changes nothing", async () => {
  await ground.apply();
  const two = await edited("agents/triage.yaml", "state: active", "state: retired");
  await ground.apply(await suspended(), { base: 1 });
  expect(await ground.apply(two, { base: 1 })).toMatchObject({
    error: { code: "registry_stale", base: 1, applied: 2 },
  });
  expect(await versions()).toEqual(["2"]);
  expect((await ground.registry.rows(2)).find((r) => r.name === "triage")).toMatchObject({ state: "suspended" });
  expect(await scan(ground.tables.outbox)).toHaveLength(2);
});

test("of ten first applies at once, exactly one becomes version in force and its rows are unmixed", async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => ground.apply()));
  const won = outcomes.flatMap((o) => (o.status === "fulfilled" && o.value.ok ? [o.value.value.version] : []));
  expect(new Set(won).size).toBe(1);
  expect(await versions()).toEqual([String(won[0])]);
  expect(await ground.registry.rows(won[0] ?? 0)).toHaveLength(22);
  expect(await scan(ground.tables.outbox)).toHaveLength(1);
});

test("an apply cut off halfway is never read, and the next one does not build on its leavings", async () => {
  await ground.apply();
  const leavings = ["claim", "agent"].map((kind) => {
    const name = kind === "claim" ? "claim" : "stray";
    const row = { S: JSON.stringify({ kind, name }) };
    return { PutRequest: { Item: { kind: { S: `00000002#${kind}` }, name: { S: name }, row } } };
  });
  await ground.dynamo.send(new BatchWriteItemCommand({ RequestItems: { [ground.tables.registry]: leavings } }));
  expect(await versions()).toEqual(["1"]);
  expect(await ground.apply(await suspended())).toMatchObject({ value: { version: 3 } });
  const names = (await ground.registry.rows(3)).map((r) => r.name);
  expect(names).toHaveLength(22);
  expect(names).not.toContain("stray");
});

test("an apply keeps the epoch and the block a revocation of the deployment has written", async () => {
  await ground.apply();
  await ground.dynamo.updateItem({
    TableName: ground.tables.revocations,
    Key: { subject: { S: "deployment#7" } },
    UpdateExpression: "SET blocked = :yes ADD generation :one",
    ExpressionAttributeValues: { ":yes": { BOOL: true }, ":one": { N: "1" } },
  });
  await ground.apply(await suspended());
  const row = (await scan(ground.tables.revocations)).find((r) => r.subject?.S === "deployment#7");
  expect(row).toMatchObject({ generation: { N: "1" }, blocked: { BOOL: true }, registryVersion: { N: "2" } });
});

test("an apply notes how far ahead its sessions may end, which the publisher signs lists for", async () => {
  await ground.apply();
  const longest = async () => createPublishStore(ground.client, ground.tables).longestLifeSeconds();
  const lives = (await ground.registry.rows(1)).map((row) =>
    row.kind === "agent" ? (row.maxLifetimeSeconds ?? 900) : 900,
  );
  expect(await longest()).toBe(Math.max(...lives));
  const line = "state: active";
  await ground.apply(await edited("agents/triage.yaml", line, `${line}\nmaxLifetimeSeconds: 40000`));
  expect(await longest()).toBe(40_000);
  await ground.apply();
  expect(await longest()).toBe(Math.max(...lives));
});

test("an invalid folder writes nothing and says file and line", async () => {
  const refused = await ground.apply(await edited("agents/triage.yaml", "tickets:write", "tickets:burn"));
  expect(refused).toMatchObject({
    error: {
      code: "registry_invalid",
      problems: [{ file: "agents/triage.yaml", line: 16, message: expect.stringContaining("tickets:burn") }],
    },
  });
  for (const table of [ground.tables.registry, ground.tables.revocations, ground.tables.outbox])
    expect(await scan(table)).toEqual([]);
});
