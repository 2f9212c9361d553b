import { describe, expect, test } from "vitest";
import { type Bus, type BusEntry, busLimits, entryBytes } from "../../lambdas/aws/bus.ts";
import { createRelay, type StreamRecord } from "../../lambdas/relay/relay.ts";

const image = (eventId: string, more: Record<string, object> = {}) => ({
  eventId: { S: eventId },
  body: { S: JSON.stringify({ metadata: { uid: eventId }, text: "größer" }) },
  detailType: { S: "API Activity" },
  timeMillis: { N: "1785542400000" },
  hash: { S: "h" },
  ...more,
});
const inserted = (n: number, more?: Record<string, object>): StreamRecord => ({
  eventName: "INSERT",
  dynamodb: { SequenceNumber: `s${n}`, NewImage: image(`e${n}`, more) },
});

function relay(
  answer: (entries: readonly BusEntry[]) => readonly (string | undefined)[] = (e) => e.map(() => undefined),
) {
  const sent: (readonly BusEntry[])[] = [];
  const lost: string[] = [];
  const bus: Bus = {
    put: async (entries) => {
      sent.push(entries);
      return answer(entries);
    },
  };
  const carry = createRelay(bus, { lost: (eventId, why) => lost.push(`${eventId} ${why}`), refused: () => {} });
  return { carry, sent, lost };
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
          detail: image("e1").body.S,
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
    await carry(Array.from({ length: 5 }, (_, i) => inserted(i, { body: { S: "x".repeat(390_000) } })));
    expect(sent.map((batch) => batch.length)).toEqual([2, 2, 1]);
    for (const batch of sent)
      expect(batch.reduce((sum, entry) => sum + entryBytes(entry), 0)).toBeLessThanOrEqual(busLimits.bytes);
  });

  test("reports only what the bus did not take", async () => {
    const { carry, lost } = relay((entries) => entries.map((_, i) => (i === 1 ? "ThrottlingException" : undefined)));
    const report = await carry([inserted(1), inserted(2), inserted(3)]);
    expect(report).toEqual({ batchItemFailures: [{ itemIdentifier: "s2" }] });
    expect(lost).toEqual([]);
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

  test.each([
    ["too large for the bus", inserted(1, { body: { S: "x".repeat(1_000_001) } })],
    ["malformed", inserted(1, { body: { N: "1" } })],
    ["malformed", inserted(1, { timeMillis: { S: "yesterday" } })],
    ["malformed", { eventName: "INSERT", dynamodb: { SequenceNumber: "s1" } }],
  ])("calls out a record that is %s and lets the others through", async (why, bad) => {
    const { carry, sent, lost } = relay();
    const report = await carry([inserted(0), bad, inserted(2)]);
    expect(report).toEqual({ batchItemFailures: [] });
    expect(sent.flat()).toHaveLength(2);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toContain(why);
  });

  test("calls out a record that the bus refuses for good instead of blocking its shard", async () => {
    const { carry, lost } = relay((entries) => entries.map(() => "MalformedDetail"));
    expect(await carry([inserted(1)])).toEqual({ batchItemFailures: [] });
    expect(lost).toEqual(["e1 MalformedDetail"]);
  });
});
