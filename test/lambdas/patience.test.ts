import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, describe, expect, it } from "vitest";
import { createSessionStore } from "../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { mayRepeat, patient, withPatience } from "../../lambdas/aws/patience.ts";
import { now, record, replayEntry, session } from "./samples.ts";
import { openCloud } from "./tables.ts";

/** Time of a call's own: what each look at it says, the last one for ever. */
const times = (...millis: number[]) => {
  let at = 0;
  return () => millis[Math.min(at++, millis.length - 1)] ?? 0;
};

describe("the patience of one call", () => {
  it("begins with the first failure, however late that comes, and ends once for all its requests", () => {
    withPatience(
      () => {
        expect(mayRepeat(100)).toBe(true);
        expect(mayRepeat(500)).toBe(true);
        expect(mayRepeat(501)).toBe(false);
        expect(mayRepeat(0)).toBe(false);
      },
      times(9_000, 10_000, 10_000, 10_501),
    );
  });

  it("begins no pause that would outlast it", () => {
    withPatience(() => expect([mayRepeat(1_500), mayRepeat(1_501)]).toEqual([true, false]), times(0));
  });

  it("is another one in each call, and without end where nobody waits", async () => {
    await Promise.all(
      [0, 5_000].map((startMillis) =>
        withPatience(
          async () => {
            expect(mayRepeat(0)).toBe(true);
            await Promise.resolve();
            expect(mayRepeat(0)).toBe(true);
          },
          times(startMillis, startMillis + 1_000),
        ),
      ),
    );
    expect(mayRepeat(3_600_000)).toBe(true);
  });
});

describe("a client of the SDK", () => {
  /** One that is always throttled, and how often it asked. */
  function throttled() {
    let asked = 0;
    const client = patient(
      new DynamoDBClient({
        region: "eu-west-1",
        endpoint: "http://127.0.0.1:9",
        credentials: { accessKeyId: "a", secretAccessKey: "s" },
        maxAttempts: 3,
        requestHandler: {
          handle: async () => {
            asked += 1;
            const body = JSON.stringify({ __type: "com.amazonaws.dynamodb.v20120810#ThrottlingException" });
            const headers = { "content-type": "application/x-amz-json-1.0" };
            return { response: { statusCode: 400, headers, body: Buffer.from(body) } };
          },
        },
      }),
    );
    return { ask: () => client.send(new ListTablesCommand({})), asked: () => asked };
  }

  it("asks once more and then no longer when the call's patience is over, and throws what AWS said", async () => {
    const { ask, asked } = throttled();
    await withPatience(
      async () => expect(await ask().catch((failure) => failure.name)).toBe("ThrottlingException"),
      times(0, 1_501),
    );
    expect(asked()).toBe(2);
  });

  it("makes the first try of each request even then", async () => {
    const { ask, asked } = throttled();
    await withPatience(
      async () => {
        await ask().catch(() => undefined);
        expect(asked()).toBe(2);
        await ask().catch(() => undefined);
      },
      times(0, 1_501),
    );
    expect(asked()).toBe(3);
  });

  it("asks as often as the client may while the call has time", async () => {
    const { ask, asked } = throttled();
    await withPatience(async () => expect(ask()).rejects.toThrow(), times(0));
    expect(asked()).toBe(3);
  });

  it("asks nobody twice any more once a hundred repetitions of one instance were in vain", async () => {
    const { ask, asked } = throttled();
    const once = () => withPatience(() => ask().catch(() => undefined), times(0));
    await Promise.all(Array.from({ length: 80 }, once));
    expect(asked()).toBe(180);
    await once();
    expect(asked()).toBe(181);
  });

  it("asks as often as it may where nobody waits", async () => {
    const { ask, asked } = throttled();
    await expect(ask()).rejects.toThrow();
    expect(asked()).toBe(3);
  });
});

describe("a store", async () => {
  const cloud = await openCloud();
  const store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 });
  afterAll(() => cloud.close());

  it("gives a throttled transaction up with the call's patience; whoever comes again with the same is served", async () => {
    const commit = { session: session(), replayEntries: [replayEntry()], record: record() };
    cloud.db.faults.throttle("TransactWriteItems", 2);
    await withPatience(async () => expect(store.commit(commit)).rejects.toThrow(), times(0, 1_501));
    expect(cloud.taken()).toHaveLength(2);
    expect(await store.commit(commit)).toEqual({ ok: true, value: undefined });
  });

  it("calls rows that stayed unread incomplete with the call's patience, never absent", async () => {
    const kept = session();
    await store.commit({ session: kept, replayEntries: [], record: record() });
    const query = { session: kept, tombstones: [], subjects: [] };
    cloud.db.faults.unprocessed(99);
    const read = await withPatience(() => store.readLiveness(query), times(0, 1_501));
    expect(read.complete).toBe(false);
  });
});
