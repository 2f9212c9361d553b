import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { HostedFunction } from "../../../local/emulator/functions/host.ts";
import type { Permissions } from "../../../local/emulator/iam/permissions.ts";
import { type QueueMapping, startQueueMapping } from "../../../local/emulator/mappings/queue.ts";
import { openQueues, type Queues } from "../../../local/emulator/sqs/queues.ts";
import { patience } from "../../kit/patience.ts";

const events = "arn:aws:sqs:eu-west-1:000000000000:events";
const dead = "arn:aws:sqs:eu-west-1:000000000000:dead";
const described = [{ arn: events, redrive: { arn: dead, mostReceives: 3 } }, { arn: dead }];
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Call {
  readonly Records: readonly { readonly messageId: string; readonly body: string; readonly attributes: object }[];
}

/** A mapping to a function that answers as told. */
function mapped(queues: Queues, answer: (event: Call) => unknown, more: Partial<QueueMapping> = {}, refused?: string) {
  const calls: Call[] = [];
  const hosted = {
    description: { roleArn: "arn:aws:iam::000000000000:role/worker" },
    invoke: async (event: Call) => {
      calls.push(event);
      try {
        return { payload: JSON.stringify(answer(event)) };
      } catch (failure) {
        return { error: { errorType: "Error", errorMessage: String(failure) } };
      }
    },
  } as unknown as HostedFunction;
  const permissions = { roleRefusal: () => refused } as unknown as Permissions;
  const mapping: QueueMapping = {
    id: "m",
    queueArn: events,
    functionName: "worker",
    batchSize: 2,
    reportBatchItemFailures: true,
    visibilityMillis: 10,
    ...more,
  };
  const running = startQueueMapping({ queues, permissions, functions: new Map([["worker", hosted]]) }, mapping);
  stops.push(running.stop);
  return calls;
}
const bodies = (calls: readonly Call[]) => calls.map(({ Records }) => Records.map(({ body }) => body));

describe("a queue's messages", () => {
  test("come in batches, and are gone once they were taken well", async () => {
    const queues = openQueues(described, undefined);
    for (const text of ["a", "b", "c"]) queues.put(events, text);
    const calls = mapped(queues, () => ({ batchItemFailures: [] }));
    await vi.waitFor(() => expect(queues.messages(events)).toEqual([]), patience);
    expect(bodies(calls)).toEqual([["a", "b"], ["c"]]);
  });

  test("come again when reported, alone, and go to the dead letters after the last time", async () => {
    const queues = openQueues(described, undefined);
    const calls = mapped(queues, ({ Records }) => ({
      batchItemFailures: Records.filter(({ body }) => body === "bad").map(({ messageId }) => ({
        itemIdentifier: messageId,
      })),
    }));
    queues.put(events, "good");
    queues.put(events, "bad");
    await vi.waitFor(() => expect(queues.messages(dead)).toEqual(["bad"]), patience);
    expect(queues.messages(events)).toEqual([]);
    const tries = calls.flatMap(({ Records }) => Records.filter(({ body }) => body === "bad"));
    expect(tries.map(({ attributes }) => attributes)).toEqual(
      ["1", "2", "3"].map((count) => ({ ApproximateReceiveCount: count })),
    );
    expect(calls.flatMap(({ Records }) => Records.filter(({ body }) => body === "good"))).toHaveLength(1);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
      {},
    ],
    ["names a message that was not in the batch", () => ({ batchItemFailures: [{ itemIdentifier: "other" }] }), {}],
  ])("all come again when the function %s", async (_, answer, more) => {
    const queues = openQueues(described, undefined);
    queues.put(events, "a");
    mapped(queues, answer, more);
    await vi.waitFor(() => expect(queues.messages(dead)).toEqual(["a"]), patience);
  });

  test("outlive a restart, those that were being worked on too", () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-queues-"));
    const before = openQueues(described, folder);
    before.put(events, "a\n1");
    before.put(events, "b", { offer: { DataType: "String", StringValue: "o" } });
    before.put(events, "c");
    const [first, second] = before.take(events, 2);
    before.done(events, first?.id ?? "");
    expect(second?.text).toBe("b");
    const after = openQueues(described, folder);
    expect(after.take(events, 10).map(({ text, attributes }) => [text, attributes.offer?.StringValue])).toEqual([
      ["b", "o"],
      ["c", undefined],
    ]);
    rmSync(folder, { recursive: true });
  });

  test("are not worked off by a role that may not receive them", () => {
    const queues = openQueues(described, undefined);
    expect(() => mapped(queues, () => ({}), {}, "is not authorized to perform: sqs:ReceiveMessage")).toThrow(
      "not authorized",
    );
  });
});
