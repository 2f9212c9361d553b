import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BusEntry, RelayDeps } from "../../core/endpoints/relay.ts";
import { createOutbox } from "../../lambdas/aws/dynamodb/outbox.ts";
import { redrive } from "../../lambdas/relay/redrive.ts";
import { hashOf } from "../sealing/ground.ts";
import { id, now } from "./samples.ts";
import { type Cloud, openCloud } from "./tables.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());

async function recorded(body = JSON.stringify({ metadata: { uid: "x" } })): Promise<string> {
  const eventId = `denied#${id()}`;
  const record = { eventId, timeMillis: now * 1_000, detailType: "API Activity", body, hash: hashOf(body) };
  await createOutbox(cloud.client, cloud.tables).put(record);
  return eventId;
}

function carriers(refuses: readonly string[] = []) {
  const sent: BusEntry[] = [];
  const noted: string[] = [];
  const kept: string[] = [];
  const told = () => undefined;
  const deps: RelayDeps = {
    bus: {
      put: async (entries) => {
        sent.push(...entries);
        return entries.map(({ detail }) => (refuses.includes(detail) ? "ThrottlingException" : undefined));
      },
    },
    queue: { keep: async ({ eventId }) => void kept.push(eventId) },
    notebook: {
      note: async ({ eventId, isRedriven }) => void noted.push(isRedriven ? eventId : `${eventId} without a mark`),
    },
    watch: { kept: told, unkept: told, refused: told, unnoted: told },
  };
  return { deps, sent, noted, kept };
}
const order = (deps: RelayDeps, ids: readonly string[], dryRun = false) =>
  redrive({ redrive: ids, dryRun }, { client: cloud.client, table: cloud.tables.outbox }, deps);

describe("threat 23: an order to carry records again", () => {
  test("carries what the Outbox has under these ids, byte for byte, and nothing that nobody recorded", async () => {
    const body = JSON.stringify({ said: "größer" });
    const [one, other] = [await recorded(body), await recorded()];
    const { deps, sent, noted } = carriers();
    expect(await order(deps, [one, "forged", other, one])).toEqual({
      carried: [one, other],
      left: [],
      refused: [],
      unknown: ["forged"],
    });
    expect(sent.map(({ detail }) => detail)).toContain(body);
    expect([sent.length, noted.toSorted()]).toEqual([2, [one, other].toSorted()]);
  });

  test("tells first what it would do, and does nothing then", async () => {
    const one = await recorded();
    const { deps, sent, noted } = carriers();
    expect(await order(deps, [one, "forged"], true)).toMatchObject({ carried: [one], unknown: ["forged"] });
    expect([sent, noted]).toEqual([[], []]);
  });

  test("says what the bus did not take, and what it can never take", async () => {
    const body = JSON.stringify({ busy: true });
    const busy = await recorded(body);
    const broken = await recorded();
    await cloud.db.call("UpdateItem", {
      TableName: "Outbox",
      Key: { eventId: { S: broken } },
      UpdateExpression: "SET detailType = :type",
      ExpressionAttributeValues: { ":type": { N: "1" } },
    });
    const { deps, kept } = carriers([body]);
    expect(await order(deps, [busy, broken])).toEqual({ carried: [], left: [busy], refused: [broken], unknown: [] });
    expect(kept).toEqual([broken]);
  });

  test.each([[[]], [Array.from({ length: 101 }, (_, n) => `e${n}`)], [[1]]])("of %j is none", async (ids) => {
    await expect(order(carriers().deps, ids as string[])).rejects.toThrow("1 to 100");
  });
});
