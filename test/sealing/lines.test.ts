import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { compareLines } from "../../core/sealing/lines.ts";
import type { Known, Trail } from "../../core/sealing/trail.ts";
import { linesOf } from "../../lambdas/aws/s3/object-lines.ts";
import { hashOf } from "./ground.ts";

const object = { key: "audit/dt=2026-11-30/one.gz", versionId: "v1" };
const record = (uid: string, more = {}) => JSON.stringify({ metadata: { uid }, ...more });

async function* each(lines: readonly string[]) {
  yield* lines;
}

/** Compares lines with what two tables have of them. */
async function compared(lines: readonly string[], known: Readonly<Record<string, Known>>) {
  const seen: string[] = [];
  const trail: Trail = {
    known: async (ids) => new Map(ids.flatMap((id) => (known[id] ? [[id, known[id]] as const] : []))),
    seen: async ({ eventId }) => void seen.push(eventId),
  };
  return { found: await compareLines(object, each(lines), trail), seen };
}
const recorded = (uid: string) => ({ [uid]: { recorded: hashOf(record(uid)) } });

describe("threat 23: a line of an object", () => {
  test("is good that is the record of its id, also when the relay has not noted it, or the Outbox has it no more", async () => {
    const known = {
      ...recorded("a"),
      b: { noted: hashOf(record("b")) },
      "denied#c": { ...recorded("denied#c")["denied#c"], noted: "x" },
    };
    expect(await compared([record("a"), record("b"), record("denied#c")], known)).toEqual({
      found: [],
      seen: ["a", "b", "denied#c"],
    });
  });

  test("is found that nobody recorded, that was changed, and that is no record; the others are noted all the same", async () => {
    const lines = [record("a"), record("forged"), record("b", { amount: 2 }), "{", "[]", "", record("c")];
    const { found, seen } = await compared(lines, { ...recorded("a"), ...recorded("b"), ...recorded("c") });
    expect(found).toEqual([
      {
        kind: "record.unknown",
        subjects: [2, 4, 5, 6].map((n) => `${n === 2 ? "forged" : "?"} in ${object.key} line ${n}`),
      },
      { kind: "record.changed", subjects: [`b in ${object.key} line 3`] },
    ]);
    expect(seen).toEqual(["a", "c"]);
  });

  test("has the id that every reader finds: one that says two is none", async () => {
    const line = '{"metadata":{"uid":"a"},"metadata":{"uid":"b"}}';
    const { found } = await compared([line], { a: { recorded: hashOf(line) }, b: { recorded: hashOf(line) } });
    expect(found).toMatchObject([{ kind: "record.unknown" }]);
  });

  test.prop([fc.array(fc.constantFrom("good", "changed", "unknown"), { maxLength: 170 })])(
    "is judged by itself, however many there are",
    async (kinds) => {
      const lines = kinds.map((_, n) => record(`e${n}`));
      const known = Object.fromEntries(
        kinds.flatMap((kind, n) =>
          kind === "unknown" ? [] : [[`e${n}`, { recorded: kind === "good" ? hashOf(record(`e${n}`)) : hashOf("x") }]],
        ),
      );
      const { found, seen } = await compared(lines, known);
      const count = (kind: string) => kinds.filter((one) => one === kind).length;
      const told = (kind: string) => found.find((one) => one.kind === `record.${kind}`)?.subjects.length ?? 0;
      expect([seen.length, told("changed"), told("unknown")]).toEqual(["good", "changed", "unknown"].map(count));
    },
  );
});

describe("lines of bytes", () => {
  const text = fc.array(
    fc.string({ unit: "grapheme", maxLength: 30 }).map((one) => one.replaceAll("\n", "")),
    { maxLength: 20 },
  );
  test.prop([text, fc.array(fc.nat({ max: 40 }), { maxLength: 30 })])(
    "are the same however they come in pieces",
    async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      async function* pieces() {
        let at = 0;
        for (const cut of cuts) {
          yield bytes.subarray(at, at + cut);
          at += cut;
        }
        yield bytes.subarray(at);
      }
      const read: string[] = [];
      for await (const line of linesOf(pieces())) read.push(line);
      expect(read).toEqual(lines);
    },
  );

  test("are no longer than a record may be", async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(100_000, 0x61);
    }
    const read = async () => {
      for await (const _ of linesOf(endless()));
    };
    await expect(read()).rejects.toThrow("longer than a record");
  });
});
