import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { bundleOf, readBundle } from "../../core/tlog/bundle.ts";
import { entryOf, readEntry } from "../../core/tlog/entry.ts";
import { readTilePath, tilePath } from "../../core/tlog/tile.ts";

test("paths are those of the published format (C2SP tlog-tiles)", () => {
  expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  expect(tilePath({ level: "entries", index: 0, width: 8 })).toBe("tile/entries/000.p/8");
  expect(tilePath({ level: 2, index: 1_000, width: 255 })).toBe("tile/2/x001/000.p/255");
});

property.prop([fc.constantFrom("entries" as const, 0, 1, 6, 63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 })])(
  "a path names the tile it was made of",
  (level, index, width) => {
    expect(readTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
  },
);

test.each([
  ["tile/0/000.p/256", "a full tile spelled as a partial one"],
  ["tile/0/000.p/0", "an empty tile"],
  ["tile/0/000.p/01", "a width with a zero before it"],
  ["tile/00/000", "a level with a zero before it"],
  ["tile/64/000", "a level above 63"],
  ["tile/0/x000/001", "an index with a group of zeros before it"],
  ["tile/0/001/002", "a group without its x"],
  ["tile/0/x001", "no last group"],
  ["tile/0/../000", "a way out"],
  ["/tile/0/000", "a slash before it"],
  ["tile/0/000\n", "a line after it"],
  ["tile/0/x999/x999/x999/x999/x999/999", "an index no number holds"],
])("%j is refused: %s", (path) => {
  expect(readTilePath(path)).toBeUndefined();
});

const hash = "A".repeat(43);
const ids = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((id) => !/[\p{Cc}\p{Cs}]/u.test(id));

property.prop([ids, fc.uint8Array({ minLength: 32, maxLength: 32 })])(
  "an entry is read as written",
  (eventId, bytes) => {
    const entry = { eventId, hash: Buffer.from(bytes).toString("base64url") };
    expect(readEntry(entryOf(entry))).toEqual({ ok: true, value: entry });
  },
);

test("an entry is the id, a newline and the hash, and nothing else", () => {
  expect(entryOf({ eventId: "denied#x", hash }).toString()).toBe(`denied#x\n${hash}`);
  for (const text of ["", hash, `\n${hash}`, `x\n${hash}\n`, `x\r\n${hash}`, `x\ny\n${hash}`, `x\n${"A".repeat(42)}B=`])
    expect(readEntry(Buffer.from(text))).toMatchObject({ ok: false });
  expect(readEntry(Buffer.from(`x\n${"A".repeat(42)}B`))).toMatchObject({ ok: false });
  expect(readEntry(Buffer.from(`\xff\n${hash}`, "latin1"))).toMatchObject({ ok: false });
  expect(readEntry(Buffer.concat([Buffer.alloc(70_000, "x"), Buffer.from(`\n${hash}`)]))).toMatchObject({ ok: false });
});

test("an id that would be read as another record is never written", () => {
  for (const eventId of ["", `a\n${hash}`, "a\u0000", "\ud800", "x".repeat(1_025)])
    expect(() => entryOf({ eventId, hash })).toThrow("unfit");
  expect(() => entryOf({ eventId: "a", hash: "short" })).toThrow("unfit");
});

property.prop([fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), fc.nat()], { numRuns: 50 })(
  "a bundle is read as written, and never when it is cut short",
  (all, cut) => {
    const entries = all.map((bytes) => Buffer.from(bytes));
    const bytes = bundleOf(entries);
    expect(readBundle(bytes)).toEqual({ ok: true, value: entries });
    const read = readBundle(bytes.subarray(0, cut % (bytes.length + 1)));
    if (read.ok) expect(entries.slice(0, read.value.length)).toEqual(read.value);
  },
);

test("a bundle holds 256 entries, and none longer than 16 bits can say", () => {
  expect(readBundle(bundleOf(Array(257).fill(Buffer.from("x"))))).toMatchObject({ ok: false });
  expect(() => bundleOf([Buffer.alloc(65_536)])).toThrow("too long");
});
