import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLifecycleStore } from "../../../lambdas/aws/dynamodb/lifecycle-store.ts";
import { subjectPuts } from "../../../lambdas/aws/dynamodb/subjects/subject-rows.ts";
import { randomIds } from "../../kit/keys.ts";
import { toRecord } from "../../kit/records.ts";
import { agentId } from "../../kit/registry.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());
const store = () => createLifecycleStore(cloud.client, cloud.tables);
const outbox = async () => (await cloud.client.send(new ScanCommand({ TableName: cloud.tables.outbox }))).Items ?? [];
const record = () =>
  toRecord(
    { operation: "agent.dormant", outcome: "allowed", timeMillis: 1, requestId: "r", target: "agent:x", reason: "y" },
    randomIds.id(),
  );

async function session(agent: string, sid: string, expiresAtSeconds: number): Promise<void> {
  const principal = { id: "p_abcdefghijklmnopqrstuvwxyz234567" } as never;
  for (const { Put } of subjectPuts(
    { root: sid, sid, actors: [agentId(agent)], principal, expiresAtSeconds },
    cloud.tables,
  ))
    await cloud.client.send(new PutCommand(Put));
}

test("finds the latest end in whatever shard a session lies, and none of another agent", async () => {
  expect(await store().latestEndSeconds(agentId("planner"))).toBeUndefined();
  const sids = Array.from({ length: 60 }, () => randomIds.id());
  for (const [n, sid] of sids.entries()) await session("planner", sid, 1_785_000_000 + ((n * 37) % 60));
  await session("planner/two", randomIds.id(), 1_799_000_000);
  expect(await store().latestEndSeconds(agentId("planner"))).toBe(1_785_000_059);
});

test("keeps traces and the time of the last look, and forgets what it is told to", async () => {
  expect(await store().memory()).toEqual({ traces: [], lookedAtSeconds: undefined });
  expect(await store().keep({ name: "planner", revision: 1, seenAtSeconds: 5 }, [])).toBe(true);
  expect(await store().keep({ name: "a/b", revision: 1, seenAtSeconds: 6, toldDormant: true }, [])).toBe(true);
  await store().looked(77);
  expect(await store().memory()).toEqual({
    traces: [
      { name: "a/b", revision: 1, seenAtSeconds: 6, toldDormant: true },
      { name: "planner", revision: 1, seenAtSeconds: 5 },
    ],
    lookedAtSeconds: 77,
  });
  await store().forget("a/b");
  expect((await store().memory()).traces.map(({ name }) => name)).toEqual(["planner"]);
});

test("of two that tell the same at one instant one writes, and its record alone is there", async () => {
  const next = { name: "planner", revision: 2, seenAtSeconds: 5, toldDormant: true } as const;
  const both = await Promise.all([store().keep(next, [record()]), store().keep(next, [record()])]);
  expect(both.sort()).toEqual([false, true]);
  expect(await outbox()).toHaveLength(1);
  expect(await store().keep({ ...next, revision: 1 }, [record()])).toBe(false);
  expect(await outbox()).toHaveLength(1);
});
