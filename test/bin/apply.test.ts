import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DynamoDB, ScanCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type ApplyInput,
  applyPlan,
  applyRegistry,
  planRegistry,
  RegistryInvalid,
  RegistryStale,
} from "../../bin/lanyard/apply.ts";
import { claimVersion, readVersion, writeVersion } from "../../bin/lanyard/registry-table.ts";
import { createPublishedTypes } from "../../lambdas/aws/published-types.ts";
import { createRegistrySource } from "../../lambdas/aws/registry-source.ts";
import { openGround, supportDesk } from "./ground.ts";

let ground: Awaited<ReturnType<typeof openGround>>;
let input: ApplyInput;
const folders: string[] = [];

beforeEach(async () => {
  ground = await openGround();
  input = ground.input;
});
afterEach(async () => {
  await ground.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const scan = async (table: string) =>
  (await input.dynamo.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [];
const versions = async () => [...new Set((await scan("revocations")).map((row) => row.registryVersion?.N))];

/** A copy of the example with one text replaced in one file. */
async function edited(file: string, from: string, to: string): Promise<ApplyInput> {
  const folder = await mkdtemp(join(tmpdir(), "lanyard-registry-"));
  folders.push(folder);
  await cp(supportDesk, folder, { recursive: true });
  const text = await readFile(join(folder, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
  await writeFile(join(folder, file), text.replace(from, to));
  return { ...input, directory: folder };
}

test("a first apply is what the functions read, under version 1 in all sixteen copies", async () => {
  const applied = await applyRegistry(input);
  expect(applied.version).toBe(1);
  expect(applied.added).toHaveLength(22);
  const copies = await scan("revocations");
  expect(copies.map((row) => row.subject?.S).sort()).toEqual(
    Array.from({ length: 16 }, (_, i) => `deployment#${i}`).sort(),
  );
  for (const row of copies)
    expect(row).toMatchObject({ registryVersion: { N: "1" }, generation: { N: "0" }, blocked: { BOOL: false } });
  const client = DynamoDBDocumentClient.from(input.dynamo);
  const tables = { ...input.tables, sessions: "sessions", subjects: "subjects", markers: "markers" };
  const snapshot = await createRegistrySource(client, tables, input.trustDomain).current();
  expect(snapshot?.version).toBe(1);
  expect(snapshot?.agent(`spiffe://${input.trustDomain}/agent/planner`)?.clients).toEqual([
    { issuer: "https://login.support-desk.example", clientId: "planner-app" },
  ]);
  expect(snapshot?.policies).toHaveLength(9);
});

test("an apply publishes the names of its details types with the version, and a refused one does not", async () => {
  const reader = () =>
    createPublishedTypes(DynamoDBDocumentClient.from(input.dynamo), "registry", { nowMillis: () => 0 });
  const renamed = async (name: string) => {
    const copy = await edited("resources.yaml", "name: ticket-customers", `name: ${name}`);
    const file = join(copy.directory, "resources.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("  ticket-customers: customer-record", `  ${name}: customer-record`));
    return copy;
  };
  expect(await reader()()).toEqual([]);
  const stale = await planRegistry(await renamed("stale"));
  await applyRegistry(input);
  const minute = reader();
  expect(await minute()).toEqual(["customer-record", "ticket-customers"]);
  await expect(applyPlan(input, stale)).rejects.toThrow(RegistryStale);
  expect(await reader()()).toEqual(["customer-record", "ticket-customers"]);
  await applyRegistry(await renamed("tickets-of"));
  expect(await minute()).toEqual(["customer-record", "ticket-customers"]);
  expect(await reader()()).toEqual(["customer-record", "tickets-of"]);
});

test("an apply leaves one audit record that names the operator, the version and what changed", async () => {
  await applyRegistry(input);
  const [row, ...more] = await scan("outbox");
  expect(more).toEqual([]);
  const body = row?.body?.S ?? "";
  expect(row?.hash?.S).toBe(createHash("sha256").update(body).digest("base64url"));
  expect(Number(row?.expiresAt?.N) - Math.floor(Number(row?.timeMillis?.N) / 1000)).toBe(14 * 86_400);
  const { unmapped, type_uid } = JSON.parse(body);
  expect(type_uid).toBe(300403);
  expect(unmapped.lanyard).toMatchObject({ registry_version: 1, operator_id: "AROAEXAMPLE:ada", target: "registry" });
  expect(unmapped.lanyard.reason).toContain("agent planner");
});

test("applying the same folder again writes nothing", async () => {
  await applyRegistry(input);
  const before = await scan("registry");
  expect(await applyRegistry(input)).toEqual({ version: 1, added: [], changed: [], removed: [] });
  expect(await scan("registry")).toEqual(before);
  expect(await scan("outbox")).toHaveLength(1);
});

test("a changed file changes one row in a new version and leaves the old one as it was", async () => {
  await applyRegistry(input);
  const changed = await edited("agents/triage.yaml", "state: active", "state: suspended");
  expect(await applyRegistry(changed)).toEqual({ version: 2, added: [], changed: ["agent triage"], removed: [] });
  const old = await readVersion(input.dynamo, input.tables, 1);
  expect(old.find((r) => r.name === "triage")).toMatchObject({ state: "active" });
});

test("two plans from one base: the second is refused and changes nothing", async () => {
  await applyRegistry(input);
  const one = await edited("agents/triage.yaml", "state: active", "state: suspended");
  const two = await edited("agents/triage.yaml", "state: active", "state: retired");
  const [first, second] = [await planRegistry(one), await planRegistry(two)];
  await applyPlan(one, first);
  await expect(applyPlan(two, second)).rejects.toBeInstanceOf(RegistryStale);
  expect(await versions()).toEqual(["2"]);
  const rows = await readVersion(input.dynamo, input.tables, 2);
  expect(rows.find((r) => r.name === "triage")).toMatchObject({ state: "suspended" });
  expect(await scan("outbox")).toHaveLength(2);
});

test("of ten first applies at once, exactly one becomes version in force and its rows are unmixed", async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => applyRegistry(input)));
  const won = outcomes.flatMap((o) => (o.status === "fulfilled" ? [o.value.version] : []));
  expect(new Set(won).size).toBe(1);
  expect(await versions()).toEqual([String(won[0])]);
  expect(await readVersion(input.dynamo, input.tables, won[0] ?? 0)).toHaveLength(22);
  expect(await scan("outbox")).toHaveLength(1);
});

test("an apply cut off halfway is never read, and the next one does not build on its leavings", async () => {
  await applyRegistry(input);
  const stray = await edited("agents/triage.yaml", "name: triage", "name: stray");
  const plan = await planRegistry(stray);
  const claimed = await claimVersion(input.dynamo, input.tables, plan.base);
  await writeVersion(input.dynamo, input.tables, claimed, plan.rows.slice(0, 5));
  expect(await versions()).toEqual(["1"]);
  const changed = await edited("agents/triage.yaml", "state: active", "state: suspended");
  const applied = await applyRegistry(changed);
  expect(applied.version).toBe(3);
  const names = (await readVersion(input.dynamo, input.tables, 3)).map((r) => r.name);
  expect(names).toHaveLength(22);
  expect(names).not.toContain("stray");
});

test("an apply keeps the generation and the block a revocation of the deployment has written", async () => {
  await applyRegistry(input);
  const dynamo = input.dynamo as DynamoDB;
  await dynamo.updateItem({
    TableName: "revocations",
    Key: { subject: { S: "deployment#7" } },
    UpdateExpression: "SET blocked = :yes ADD generation :one",
    ExpressionAttributeValues: { ":yes": { BOOL: true }, ":one": { N: "1" } },
  });
  await applyRegistry(await edited("agents/triage.yaml", "state: active", "state: suspended"));
  const row = (await scan("revocations")).find((r) => r.subject?.S === "deployment#7");
  expect(row).toMatchObject({ generation: { N: "1" }, blocked: { BOOL: true }, registryVersion: { N: "2" } });
});

test("an invalid folder writes nothing and says file and line", async () => {
  const wrong = await edited("agents/triage.yaml", "tickets:write", "tickets:burn");
  const refused = await applyRegistry(wrong).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RegistryInvalid);
  expect(refused).toMatchObject({
    problems: [{ file: "agents/triage.yaml", line: 16, message: expect.stringContaining("tickets:burn") }],
  });
  for (const table of ["registry", "revocations", "outbox"]) expect(await scan(table)).toEqual([]);
});
