import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { append } from "../../core/tlog/append.ts";
import { leafHash, rootOf } from "../../core/tlog/hash.ts";
import { tilePath } from "../../core/tlog/tile.ts";
import { readEntries, TileFault, type Tree } from "../../core/tlog/tree.ts";
import { memoryLog } from "../kit/memory/log.ts";

const entriesOf = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => Buffer.from(`entry ${from + n}`));

/** The same entries in several batches, in a log of their own. */
async function grown(batches: readonly number[]) {
  const log = memoryLog();
  for (const count of batches) await log.add(...entriesOf(log.size, count));
  return log;
}

const large = grown([70_000]);

test("a tree of 70,000 entries has the tiles that the published format counts (C2SP tlog-tiles)", async () => {
  const log = await large;
  const tiles = [...log.files.keys()].filter((path) => /^tile\/\d/.test(path));
  const full = (level: number) => tiles.filter((path) => path.startsWith(`tile/${level}/`) && !path.includes(".p/"));
  expect([full(0).length, full(1).length, full(2).length]).toEqual([273, 1, 0]);
  expect(tiles.filter((path) => path.includes(".p/")).sort()).toEqual([
    "tile/0/273.p/112",
    "tile/1/001.p/17",
    "tile/2/000.p/1",
  ]);
  expect(log.files.get("tile/0/000")?.length).toBe(8_192);
});

test("a tree of 256 entries has a full tile and one hash above it", async () => {
  const log = await grown([256]);
  expect([...log.files.keys()].filter((path) => path.startsWith("tile/")).sort()).toEqual([
    "tile/0/000",
    "tile/1/000.p/1",
    "tile/entries/000",
  ]);
});

property.prop([fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 4 })], { numRuns: 15 })(
  "any batches give the root over all entries, and each tile the same bytes whoever writes it",
  async (batches) => {
    const log = await grown(batches);
    const all = entriesOf(0, log.size);
    expect(log.root).toEqual(rootOf(all.map(leafHash)));
    const whole = await grown([log.size]);
    for (const [path, bytes] of whole.files) if (path.startsWith("tile/")) expect(log.files.get(path)).toEqual(bytes);
    const last = Math.floor((log.size - 1) / 256);
    if (log.size > 0) expect(await readEntries(log, last)).toEqual(all.slice(last * 256));
  },
);

test("a batch that is repeated, by whoever, gives the same objects", async () => {
  const log = await grown([700]);
  const tree = { size: log.size, root: log.root, read: log.read };
  const [once, again] = [await append(tree, entriesOf(700, 400)), await append(tree, entriesOf(700, 400))];
  expect(again).toEqual(once);
});

test("a batch reads the right edge alone", async () => {
  const log = await large;
  const read: string[] = [];
  const tree: Tree = {
    size: log.size,
    read: (name) => {
      read.push(tilePath(name));
      return log.read(name);
    },
  };
  await append(tree, entriesOf(70_000, 1_000));
  expect(read.sort()).toEqual(["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]);
});

describe("nothing is built on an edge that somebody changed", () => {
  const edges = ["tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/002.p/188"];
  const changed = async (path: string, change: (bytes: Buffer) => Buffer | undefined) => {
    const log = await grown([700]);
    const bytes = change(Buffer.from(log.files.get(path) ?? []));
    bytes === undefined ? log.files.delete(path) : log.files.set(path, bytes);
    return append({ size: log.size, root: log.root, read: log.read }, entriesOf(700, 1));
  };

  test.each(edges)("%s with one bit turned", async (path) => {
    const turned = (bytes: Buffer) => bytes.fill((bytes[40] ?? 0) ^ 1, 40, 41);
    await expect(changed(path, turned)).rejects.toThrow(TileFault);
  });

  test.each(edges)("%s cut short", async (path) => {
    await expect(changed(path, (bytes) => bytes.subarray(0, -1))).rejects.toThrow(`${path} is malformed`);
  });

  test.each(edges)("%s missing", async (path) => {
    await expect(changed(path, () => undefined)).rejects.toThrow(`${path} is missing`);
  });
});

test("a partial tile that is gone is read from the full one that took its place", async () => {
  const log = await grown([200, 400]);
  const before = await grown([200]);
  log.files.delete("tile/0/000.p/200");
  log.files.delete("tile/entries/000.p/200");
  const tree = { size: 200, root: before.root, read: log.read };
  const { root } = await append(tree, entriesOf(200, 5));
  expect(root).toEqual(rootOf(entriesOf(0, 205).map(leafHash)));
});
