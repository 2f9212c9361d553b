import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { personId } from "../../../core/model/person-id.ts";
import { registrationItem } from "../../../lambdas/aws/dynamodb/registry/registration-rows.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../../../lambdas/aws/dynamodb/revocations/revocation-targets.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { agent, idp } from "../../kit/registry.ts";
import { id, now, record } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());

const store = () => createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 });
const olga = personId(idp, "olga");
const confirmed = async (...owners: readonly string[]) =>
  (await store().readLiveness({ tombstones: [], subjects: [], owners })).confirmedAtSeconds;
const itemOf = async (TableName: string, Key: Record<string, string>) =>
  (await cloud.client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;

test("an owner's login is kept with its record, read in the batch of liveness, and deleted once it can count no more", async () => {
  expect(await confirmed(olga)).toEqual(new Map());
  const written = record(id());
  await store().confirm({ principal: olga, atSeconds: now }, written);
  expect(await confirmed(olga, "p_nobody")).toEqual(new Map([[olga, now]]));
  expect(await itemOf("Outbox", { eventId: written.eventId })).toBeDefined();
  const { expiresAt } = (await itemOf("Confirmations", { principal: olga })) ?? {};
  expect(expiresAt).toBeGreaterThan(now + limits.ownerConfirmedDaysMax * 86_400);
  expect((await store().readLiveness({ tombstones: [], subjects: [] })).confirmedAtSeconds).toBeUndefined();
});

test("an operator's word is kept in the transaction of its record, in the place of what was there", async () => {
  const written = record(id());
  const revocations = createRevocationStore(cloud.client, cloud.tables);
  const confirm = { principal: olga, atSeconds: now + 9 };
  expect((await revocations.revoke({ confirm, replayEntries: [], record: written })).ok).toBe(true);
  expect(await confirmed(olga)).toEqual(new Map([[olga, now + 9]]));
  expect(await itemOf("Outbox", { eventId: written.eventId })).toBeDefined();
});

test("who owns an agent is read from the registry that counts, and texts are nobody", async () => {
  const rows = [agent("planner", { owner: { issuer: idp, sub: "olga" }, ownerConfirmedDays: 30 }), agent("text")];
  for (const row of rows)
    await cloud.client.send(new PutCommand({ TableName: "Registry", Item: registrationItem(3, row) }));
  const Item = { subject: "deployment#0", registryVersion: 3 };
  await cloud.client.send(new PutCommand({ TableName: "Revocations", Item }));
  expect(await createRevocationTargets(cloud.client, cloud.tables, "agents.example.com").owners()).toEqual([olga]);
});
