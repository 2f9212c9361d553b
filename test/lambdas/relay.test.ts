import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type Bus, type BusEntry, busLimits, entryBytes } from "../../core/endpoints/relay.ts";
import { packBody } from "../../lambdas/aws/dynamodb/record-body.ts";
import { messageText, type RefusedRecord } from "../../lambdas/aws/sqs/refused-queue.ts";
import { checkpointDetailType } from "../../lambdas/env.ts";
import { createRelay } from "../../lambdas/relay/relay.ts";
import type { StreamRecord } from "../../lambdas/relay/stream-record.ts";

/** As Lambda gives bytes. */
const bytes = (packed: Uint8Array) => ({ B: Buffer.from(packed).toString("base64") });
const packed = (body: string) => bytes(packBody(body));
const bodyOf = (eventId: string) => JSON.stringify({ metadata: { uid: eventId }, text: "größer" });
const image = (eventId: string, more: Record<string, object> = {}) => ({
  eventId: { S: eventId },
  body: packed(bodyOf(eventId)),
  detailType: { S: "API Activity" },
  timeMillis: { N: "1785542400000" },
  hash: { S: "h" },
  expiresAt: { N: "1786752000" },
  ...more,
});
const inserted = (n: number, more?: Record<string, object>): StreamRecord => ({
  eventName: "INSERT",
  dynamodb: { SequenceNumber: `s${n}`, NewImage: image(`e${n}`, more) },
});

function relay(
  answer: (entries: readonly BusEntry[]) => readonly (string | undefined)[] = (e) => e.map(() => undefined),
  { queueDown = false, unnoted = new Set<string>() } = {},
) {
  const sent: (readonly BusEntry[])[] = [];
  const kept: RefusedRecord[] = [];
  const told: string[] = [];
  const bus: Bus = {
    put: async (entries) => {
      sent.push(entries);
      return answer(entries);
    },
  };
  const queue = {
    keep: async (record: RefusedRecord) => {
      if (queueDown) throw new Error("the queue is away");
      kept.push(record);
    },
  };
  const noted: string[] = [];
  const notebook = {
    async note({ eventId }: { readonly eventId: string }) {
      if (unnoted.has(eventId)) throw new Error("the table is away");
      noted.push(eventId);
    },
  };
  const carry = createRelay(
    { bus, queue, notebook },
    {
      kept: (eventId, why) => told.push(`kept ${eventId} ${why}`),
      unkept: (eventId) => told.push(`unkept ${eventId}`),
      refused: (count, why) => told.push(`refused ${count} ${why}`),
      unnoted: (count, why) => told.push(`unnoted ${count} ${why}`),
    },
  );
  return { carry, sent, kept, told, noted };
}

describe("the relay", () => {
  test("carries a record's very bytes, with its type, time and trace", async () => {
    const { carry, sent } = relay();
    const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    expect(await carry([inserted(1, { traceHeader: { S: trace } })])).toEqual({ batchItemFailures: [] });
    expect(sent).toEqual([
      [
        {
          source: "lanyard",
          detailType: "API Activity",
          detail: bodyOf("e1"),
          timeMillis: 1_785_542_400_000,
          traceHeader: trace,
        },
      ],
    ]);
  });

  test("threat 23: ignores what TTL takes away", async () => {
    const { carry, sent } = relay();
    await carry([{ eventName: "REMOVE", dynamodb: { SequenceNumber: "s1", NewImage: image("e1") } }]);
    expect(sent).toEqual([]);
  });

  test("sends at most ten at a time, in order", async () => {
    const { carry, sent } = relay();
    await carry(Array.from({ length: 23 }, (_, i) => inserted(i)));
    expect(sent.map((batch) => batch.length)).toEqual([10, 10, 3]);
    expect(sent.flat().map((entry) => JSON.parse(entry.detail).metadata.uid)).toEqual(
      Array.from({ length: 23 }, (_, i) => `e${i}`),
    );
  });

  test("sends at most the bus's bytes at a time", async () => {
    const { carry, sent } = relay();
    await carry(Array.from({ length: 5 }, (_, i) => inserted(i, { body: packed("x".repeat(390_000)) })));
    expect(sent.map((batch) => batch.length)).toEqual([2, 2, 1]);
    for (const batch of sent)
      expect(batch.reduce((sum, entry) => sum + entryBytes(entry), 0)).toBeLessThanOrEqual(busLimits.bytes);
  });

  test("reports only what the bus did not take", async () => {
    const { carry, kept } = relay((entries) => entries.map((_, i) => (i === 1 ? "ThrottlingException" : undefined)));
    const report = await carry([inserted(1), inserted(2), inserted(3)]);
    expect(report).toEqual({ batchItemFailures: [{ itemIdentifier: "s2" }] });
    expect(kept).toEqual([]);
  });

  test("reports the entries of a call that failed, not those of the calls that went through", async () => {
    let calls = 0;
    const { carry } = relay((entries) => {
      calls += 1;
      if (calls === 2) throw new Error("the bus is away");
      return entries.map(() => undefined);
    });
    const report = await carry(Array.from({ length: 12 }, (_, i) => inserted(i)));
    expect(report.batchItemFailures).toEqual([{ itemIdentifier: "s10" }, { itemIdentifier: "s11" }]);
  });

  test("notes what the bus took and nothing else, and reports what could not be noted", async () => {
    const answer = (entries: readonly BusEntry[]) =>
      entries.map((_, i) => (i === 0 ? "ThrottlingException" : undefined));
    const { carry, noted, told } = relay(answer, { unnoted: new Set(["e3"]) });
    const report = await carry([inserted(1), inserted(2), inserted(3)]);
    expect(noted).toEqual(["e2"]);
    expect(report).toEqual({ batchItemFailures: [{ itemIdentifier: "s1" }, { itemIdentifier: "s3" }] });
    expect(told).toEqual(["refused 1 ThrottlingException", "unnoted 1 Error"]);
  });

  const bad: [string, StreamRecord][] = [
    ["too large for the bus", inserted(1, { body: packed("x".repeat(999_990)) })],
    ["too large for the bus", inserted(1, { body: packed("x".repeat(50_000_000)) })],
    ["malformed", inserted(1, { body: { S: bodyOf("e1") } })],
    ["malformed", inserted(1, { body: bytes(Buffer.of(1, 7, 7, 7)) })],
    ["malformed", inserted(1, { body: bytes(packBody(bodyOf("e1")).subarray(0, 20)) })],
    ["malformed", inserted(1, { body: bytes(Buffer.concat([packBody(bodyOf("e1")), Buffer.of(0)])) })],
    ["malformed", inserted(1, { body: { B: "" } })],
    ["packed in a way that is not known here", inserted(1, { body: bytes(Buffer.of(2, 3, 0)) })],
    ["malformed", inserted(1, { body: { N: "1" } })],
    ["malformed", inserted(1, { timeMillis: { S: "yesterday" } })],
    ["malformed", inserted(1, { timeMillis: { N: "1e300" } })],
    ["malformed", inserted(1, { eventId: { BOOL: true } })],
    ["malformed", inserted(1, { detailType: { S: checkpointDetailType } })],
    ["malformed", inserted(1, { hash: { N: "1" } })],
    ["malformed", inserted(1, { expiresAt: { S: "later" } })],
    ["malformed", { eventName: "INSERT", dynamodb: { SequenceNumber: "s1" } }],
  ];

  test.each(bad)(
    "keeps a record whole that is %s, reports success and lets the others through",
    async (why, record) => {
      const { carry, sent, kept } = relay();
      expect(await carry([inserted(0), record, inserted(2)])).toEqual({ batchItemFailures: [] });
      expect(sent.flat()).toHaveLength(2);
      expect(kept).toEqual([{ eventId: expect.any(String), why, image: record.dynamodb?.NewImage ?? {} }]);
    },
  );

  test.each([
    "MalformedDetail",
    "InvalidArgument",
    "NotAuthorizedForSourceException",
    "NotAuthorizedForDetailTypeException",
  ])("keeps a record whole that the bus refuses with %s instead of blocking its shard", async (why) => {
    const { carry, kept, told } = relay((entries) => entries.map((_, i) => (i === 0 ? why : undefined)));
    expect(await carry([inserted(1), inserted(2)])).toEqual({ batchItemFailures: [] });
    expect(kept).toEqual([{ eventId: "e1", why, image: image("e1") }]);
    expect(told).toEqual([`kept e1 ${why}`]);
  });

  test.each([
    "ThrottlingException",
    "InternalFailure",
    "AccessDeniedException",
    "NotFoundException",
    "no answer",
    "New",
  ])("sends again and does not put aside what the bus refuses with %s, since that may be cured", async (why) => {
    const { carry, kept } = relay((entries) => entries.map(() => why));
    expect(await carry([inserted(1)])).toEqual({ batchItemFailures: [{ itemIdentifier: "s1" }] });
    expect(kept).toEqual([]);
  });

  test("one batch may hold all three: carried, to be sent again, and put aside", async () => {
    const { carry, kept } = relay((entries) =>
      entries.map((_, i) => [undefined, "InternalFailure", "MalformedDetail"][i]),
    );
    const report = await carry([inserted(1), inserted(2), inserted(3)]);
    expect(report).toEqual({ batchItemFailures: [{ itemIdentifier: "s2" }] });
    expect(kept.map(({ eventId }) => eventId)).toEqual(["e3"]);
  });

  test("threat 23: a record for which the bus refuses the whole call takes none of its neighbours with it", async () => {
    const poison = '"poison"';
    const { carry, sent, kept } = relay((entries) => {
      if (entries.some(({ detail }) => detail === poison))
        throw Object.assign(new Error("no"), { name: "ValidationException" });
      return entries.map(() => undefined);
    });
    const records = [inserted(1), inserted(2, { body: packed(poison) }), inserted(3)];
    expect(await carry(records)).toEqual({ batchItemFailures: [] });
    expect(sent.map((batch) => batch.length)).toEqual([3, 1, 1, 1]);
    expect(kept.map(({ eventId, why }) => `${eventId} ${why}`)).toEqual(["e2 ValidationException"]);
  });

  test("counts a record as not carried when the queue does not take it either", async () => {
    const { carry, told } = relay((entries) => entries.map(() => "MalformedDetail"), { queueDown: true });
    expect(await carry([inserted(1)])).toEqual({ batchItemFailures: [{ itemIdentifier: "s1" }] });
    expect(told).toEqual(["unkept e1"]);
  });

  test("fails the whole batch when what cannot be kept has no place in the stream", async () => {
    const { carry } = relay(undefined, { queueDown: true });
    expect(await carry([{ eventName: "INSERT", dynamodb: {} }])).toEqual({
      batchItemFailures: [{ itemIdentifier: "" }],
    });
  });
});

describe("the message of a refused record", () => {
  const xml = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

  property.prop([fc.string({ unit: "binary" })])(
    "holds any text in characters that SQS takes, and gives it back",
    (text) => {
      const record = { eventId: "e", why: "malformed", image: { body: { S: `${text}\uFFFE\uFFFF\u0000` } } };
      const message = messageText(record);
      expect(message).toMatch(xml);
      expect(JSON.parse(message)).toEqual(record);
    },
  );
});
