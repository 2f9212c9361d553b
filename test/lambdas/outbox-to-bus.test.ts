import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, expect } from "vitest";
import type { BusEntry } from "../../core/endpoints/relay.ts";
import { documentClient } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { createOutbox } from "../../lambdas/aws/dynamodb/outbox.ts";
import { createRelay } from "../../lambdas/relay/relay.ts";
import type { StreamRecord } from "../../lambdas/relay/stream-record.ts";
import { type EmbeddedTables, openTables, productTables, tableNames } from "../kit/embedded/dynamodb.ts";
import { id, now } from "./samples.ts";

let tables: EmbeddedTables;
beforeAll(async () => {
  tables = await openTables(productTables(["outbox"]), { streams: true });
});
afterAll(() => tables.close());

test.prop([fc.string({ unit: "binary", maxLength: 2_000 })], { numRuns: 40 })(
  "a record comes out of the Outbox's stream onto the bus byte for byte, through DynamoDB's own form of bytes",
  async (said) => {
    const body = JSON.stringify({ said });
    const eventId = `denied#${id()}`;
    const outbox = createOutbox(documentClient(tables.dynamo), tableNames);
    await outbox.put({ eventId, timeMillis: now * 1_000, detailType: "API Activity", body, hash: "h" });
    const records = (await tables.db.streams.read("Outbox", undefined, 1_000)) as readonly StreamRecord[];
    const mine = records.filter(({ dynamodb }) => dynamodb?.NewImage?.eventId?.S === eventId);
    expect(mine.map(({ dynamodb }) => dynamodb?.NewImage?.body)).toEqual([{ B: expect.any(String) }]);
    const sent: BusEntry[] = [];
    const put = async (entries: readonly BusEntry[]) => {
      sent.push(...entries);
      return entries.map(() => undefined);
    };
    const keep = () => Promise.reject(new Error("nothing is to be kept"));
    const told = () => undefined;
    const relay = createRelay(
      { bus: { put }, queue: { keep }, notebook: { note: async () => undefined } },
      { kept: told, unkept: told, refused: told, unnoted: told },
    );
    expect(await relay(mine)).toEqual({ batchItemFailures: [] });
    expect(sent.map(({ detail }) => detail)).toEqual([body]);
  },
);
