import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { eventsOfStream } from "../../../bin/lanyard/audit/events.ts";

const eventOf = (uid: string, reason = "") =>
  JSON.stringify({ time: 1, metadata: { uid }, unmapped: { lanyard: { operation: "attest", reason } } });
const idsOf = async (bytes: Readable, gzipped = false) => {
  const found = [];
  for await (const { metadata } of eventsOfStream(bytes, gzipped)) found.push(metadata.uid);
  return found;
};

property.prop([fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }), fc.integer({ min: 1, max: 50 })])(
  "every event is read, whatever stands in its texts and however the bytes arrive",
  async (reasons, step) => {
    const bytes = Buffer.from(reasons.map((reason, n) => `${eventOf(`${n}`, reason)}\n`).join(""));
    const chunks = Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) =>
      bytes.subarray(n * step, (n + 1) * step),
    );
    expect(await idsOf(Readable.from(chunks))).toEqual(reasons.map((_, n) => `${n}`));
  },
);

test.each(["\u2028", "\u2029", "\u0085", "\\r"])("an event with %j in a text cannot hide itself", async (mark) => {
  const lines = [eventOf("one", `a${mark}b`), eventOf("two")].join("\n");
  expect(await idsOf(Readable.from([gzipSync(lines)]), true)).toEqual(["one", "two"]);
});

test("a line longer than any record is left out, and the next is read", async () => {
  const lines = `${eventOf("long", "x".repeat(1_100_000))}\n${eventOf("next")}\n`;
  expect(await idsOf(Readable.from([Buffer.from(lines)]))).toEqual(["next"]);
});
