import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type DynamoDb, openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import type { EventSourceMappingOptions, StreamEvent } from "../../../local/emulator/mappings/options.ts";
import { type EventSourceMapping, startEventSourceMapping } from "../../../local/emulator/mappings/stream.ts";
import { createOutbox, put, succeed } from "../dynamodb/table.ts";

let db: DynamoDb;
let running: EventSourceMapping[] = [];
beforeEach(async () => {
  db = await openDynamoDb();
  await createOutbox(db);
});
afterEach(async () => {
  for (const mapping of running) await mapping.stop();
  running = [];
  await db.close();
});

const idsOf = ({ Records }: StreamEvent) => Records.map(({ dynamodb }) => String(dynamodb.Keys.id?.S));
const sequenceOf = (event: StreamEvent, id: string) =>
  event.Records.find(({ dynamodb }) => dynamodb.Keys.id?.S === id)?.dynamodb.SequenceNumber;

async function start(options: Partial<EventSourceMappingOptions> & Pick<EventSourceMappingOptions, "invoke">) {
  const mapping = await startEventSourceMapping({
    db,
    table: "outbox",
    mappingId: "relay",
    matches: (pattern, record) => record.eventName === pattern,
    batchSize: 10,
    startingPosition: "TRIM_HORIZON",
    reportBatchItemFailures: false,
    bisectOnError: false,
    maximumRetryAttempts: -1,
    retryDelayMillis: () => 0,
    ...options,
  });
  running.push(mapping);
  return mapping;
}

/** A function that notes what it got, and fails as told. */
function recorder(answer: (event: StreamEvent, call: number) => unknown = () => undefined) {
  const calls: string[][] = [];
  const invoke = async (event: StreamEvent) => {
    calls.push(idsOf(event));
    return answer(event, calls.length) as { batchItemFailures?: { itemIdentifier: string }[] };
  };
  return { calls, invoke };
}
const putAll = async (...ids: string[]) => {
  for (const id of ids) await put(db, id);
};

describe("an event source mapping", () => {
  test("delivers what was there before it, in order and in batches of its size", async () => {
    await putAll("a", "b", "c", "d", "e");
    const { calls, invoke } = recorder();
    await (await start({ invoke, batchSize: 2 })).idle();
    expect(calls).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  test("from LATEST delivers only what came behind its start", async () => {
    await putAll("before");
    const { calls, invoke } = recorder();
    const mapping = await start({ invoke, startingPosition: "LATEST" });
    await putAll("behind");
    await mapping.idle();
    expect(calls).toEqual([["behind"]]);
  });

  test("is woken by a commit, not by a clock", async () => {
    const { calls, invoke } = recorder();
    const mapping = await start({ invoke });
    await mapping.idle();
    // every clock stands still
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
    try {
      await put(db, "now");
      await expect.poll(() => calls.length, { interval: 1 }).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test("waits for a full batch as long as its window, and no longer when the batch is full", async () => {
    const { calls, invoke } = recorder();
    const mapping = await start({ invoke, batchSize: 3, batchingWindowMillis: 100 });
    await putAll("a", "b");
    expect(calls).toEqual([]);
    await putAll("c", "d");
    await expect.poll(() => calls[0]).toEqual(["a", "b", "c"]);
    await mapping.idle();
    expect(calls[1]).toEqual(["d"]);
  });

  test("takes in one call what came since the last one, while records flow", async () => {
    const { calls, invoke } = recorder();
    await start({ invoke, lookMillis: 300 });
    await putAll("a");
    await expect.poll(() => calls).toEqual([["a"]]);
    await putAll("b", "c", "d");
    await expect.poll(() => calls).toEqual([["a"], ["b", "c", "d"]]);
  });

  test("lets no time pass for whoever waits until all is delivered, nor behind a full batch", async () => {
    const { calls, invoke } = recorder();
    const mapping = await start({ invoke, lookMillis: 3_600_000, batchSize: 2 });
    await putAll("a");
    await expect.poll(() => calls).toEqual([["a"]]);
    await putAll("b", "c", "d", "e");
    await mapping.idle();
    expect(calls).toEqual([["a"], ["b", "c"], ["d", "e"]]);
    await putAll("f");
    expect(await db.streams.readCheckpoint("relay")).not.toBe(db.streams.latestSequence());
    await mapping.idle();
    expect(await db.streams.readCheckpoint("relay")).toBe(db.streams.latestSequence());
  });

  test("delivers only what a pattern matches, and passes the rest for good", async () => {
    await putAll("a", "b");
    await succeed(db, "DeleteItem", { TableName: "outbox", Key: { id: { S: "a" } } });
    const inserts = recorder();
    await (await start({ invoke: inserts.invoke, filterPatterns: ["INSERT"] })).idle();
    expect(inserts.calls).toEqual([["a", "b"]]);
    expect(await db.streams.readCheckpoint("relay")).toBe(db.streams.latestSequence());
  });

  test("shows the table's ARN it was told, with the stream's label", async () => {
    await put(db, "a");
    const arns: string[] = [];
    const invoke = async ({ Records }: StreamEvent) => {
      arns.push(...Records.map(({ eventSourceARN }) => eventSourceARN));
      return undefined;
    };
    await (await start({ invoke, tableArn: "arn:aws:dynamodb:us-east-1:999999999999:table/outbox" })).idle();
    expect(arns[0]).toMatch(/^arn:aws:dynamodb:us-east-1:999999999999:table\/outbox\/stream\/\d{4}-/);
  });
});

describe("a failing function", () => {
  test("gets the same batch again until it takes it, and nothing behind it before", async () => {
    await putAll("a", "b", "c");
    const { calls, invoke } = recorder((_, call) => {
      if (call < 3) throw new Error("not now");
    });
    await (await start({ invoke, batchSize: 2 })).idle();
    expect(calls).toEqual([["a", "b"], ["a", "b"], ["a", "b"], ["c"]]);
  });

  test("that reports items gets the rest from the lowest one on", async () => {
    await putAll("a", "b", "c", "d");
    const { calls, invoke } = recorder((event, call) => {
      const report = (id: string) => ({ itemIdentifier: sequenceOf(event, id) });
      return call === 1 ? { batchItemFailures: [report("d"), report("c")] } : { batchItemFailures: [] };
    });
    await (await start({ invoke, reportBatchItemFailures: true })).idle();
    expect(calls).toEqual([
      ["a", "b", "c", "d"],
      ["c", "d"],
    ]);
  });

  test.each([
    ["an id of nobody", "123"],
    ["an empty id", ""],
    ["null", null],
  ])("that reports %s fails the whole batch", async (_, itemIdentifier) => {
    await putAll("a", "b");
    const { calls, invoke } = recorder((_event, call) =>
      call === 1 ? { batchItemFailures: [{ itemIdentifier }] } : undefined,
    );
    await (await start({ invoke, reportBatchItemFailures: true })).idle();
    expect(calls).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  test("that reports items without being asked to has taken the batch", async () => {
    await putAll("a", "b");
    const { calls, invoke } = recorder((event) => ({
      batchItemFailures: [{ itemIdentifier: sequenceOf(event, "a") }],
    }));
    await (await start({ invoke })).idle();
    expect(calls).toEqual([["a", "b"]]);
  });

  test("has its batch halved until the poisonous record stands alone and is given up", async () => {
    await putAll("a", "b", "poison", "d");
    const given: string[] = [];
    const { calls, invoke } = recorder((event) => {
      if (idsOf(event).includes("poison")) throw new Error("cannot digest");
    });
    const mapping = await start({
      invoke,
      bisectOnError: true,
      maximumRetryAttempts: 1,
      onDiscard: (Records, condition) => void given.push(condition, ...idsOf({ Records })),
    });
    await mapping.idle();
    expect(calls).toEqual([["a", "b", "poison", "d"], ["a", "b"], ["poison", "d"], ["poison"], ["poison"], ["d"]]);
    expect(given).toEqual(["RetryAttemptsExhausted", "poison"]);
    expect(await db.streams.readCheckpoint("relay")).toBe(db.streams.latestSequence());
  });

  test("loses a record only when its retries are used up or it is too old", async () => {
    await putAll("old");
    const given: string[] = [];
    let nowMillis = Date.now();
    const { calls, invoke } = recorder((_, call) => {
      if (call === 2) nowMillis += 120_000;
      throw new Error("never");
    });
    const mapping = await start({
      invoke,
      maximumRecordAgeSeconds: 60,
      nowMillis: () => nowMillis,
      onDiscard: (_, condition) => void given.push(condition),
    });
    await mapping.idle();
    expect([calls.length, given]).toEqual([2, ["RecordAgeExceeded"]]);
  });
});

describe("a restart", () => {
  test("goes on at the checkpoint, and repeats what was not checkpointed", async () => {
    const directory = mkdtempSync(join(tmpdir(), "lanyard-streams-"));
    try {
      let disk = await openDynamoDb({ directory });
      await createOutbox(disk);
      for (const id of ["a", "b", "c"]) await put(disk, id);
      const first = recorder((event) => {
        if (idsOf(event).includes("b")) throw new Error("not now");
      });
      const mapping = await startOn(disk, first.invoke);
      await expect.poll(() => first.calls.length).toBeGreaterThan(2);
      await mapping.stop();
      await disk.close();

      disk = await openDynamoDb({ directory });
      await put(disk, "d");
      const second = recorder();
      const again = await startOn(disk, second.invoke);
      await again.idle();
      await again.stop();
      await disk.close();
      expect(first.calls.slice(0, 2)).toEqual([["a"], ["b"]]);
      expect(second.calls).toEqual([["b"], ["c"], ["d"]]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  function startOn(disk: DynamoDb, invoke: EventSourceMappingOptions["invoke"]) {
    return startEventSourceMapping({
      db: disk,
      table: "outbox",
      mappingId: "relay",
      matches: () => true,
      batchSize: 1,
      startingPosition: "TRIM_HORIZON",
      reportBatchItemFailures: false,
      bisectOnError: false,
      maximumRetryAttempts: -1,
      retryDelayMillis: () => 5,
      invoke,
    });
  }
});
