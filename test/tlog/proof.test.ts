import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyRoot, leafHash, nodeHash, rootOf } from "../../core/tlog/hash.ts";
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from "../../core/tlog/proof.ts";
import { type ReadTile, tileOf } from "../../core/tlog/tree.ts";
import { memoryLog } from "../kit/memory/log.ts";
import { consistencies, entries, inclusions, roots } from "./reference.ts";

describe("the reference implementation's answers (RFC 6962 2.1)", () => {
  const read = async () => {
    const log = memoryLog();
    await log.add(...entries);
    return log.read;
  };

  test("roots over the first entries, the empty one among them", () => {
    for (const [size, root] of roots.entries()) expect(rootOf(entries.slice(0, size).map(leafHash))).toEqual(root);
    expect(emptyRoot).toEqual(roots[0]);
  });

  test.each(inclusions)("inclusion of entry $index in a tree of $size", async ({ index, size, proof }) => {
    const log = memoryLog();
    await log.add(...entries.slice(0, size));
    expect(await proveInclusion({ size, read: log.read }, index)).toEqual(proof);
    const head = { size, root: roots[size] as Buffer };
    expect(verifyInclusion({ leaf: leafHash(entries[index] as Buffer), index }, proof, head)).toBe(true);
  });

  test.each(consistencies)("consistency of a tree of $to with one of $from", async ({ from, to, proof }) => {
    const log = memoryLog();
    await log.add(...entries.slice(0, to));
    expect(await proveConsistency({ size: to, read: log.read }, from)).toEqual(proof);
    const [older, newer] = [from, to].map((size) => ({ size, root: roots[size] as Buffer }));
    expect(older && newer && verifyConsistency(older, newer, proof)).toBe(true);
  });

  test("indexes and sizes outside the tree have no proof", async () => {
    const tree = { size: 8, read: await read() };
    for (const wrong of [8, -1, 0.5, Number.NaN]) await expect(proveInclusion(tree, wrong)).rejects.toThrow(RangeError);
    for (const wrong of [9, -1, 0.5, Number.NaN])
      await expect(proveConsistency(tree, wrong)).rejects.toThrow(RangeError);
  });
});

const at = (hashes: readonly Buffer[], index: number): Buffer => hashes[index] as Buffer;

describe("proofs of a tree of three levels", () => {
  const size = 66_000;
  const log = memoryLog();
  const leaves = Array.from({ length: size }, (_, n) => leafHash(Buffer.from(`entry ${n}`)));
  // hashes of all complete subtrees, by height: the root of any size is made of a few of them
  const complete = [leaves];
  for (let below = leaves; below.length > 1; ) {
    below = Array.from({ length: Math.floor(below.length / 2) }, (_, n) =>
      nodeHash(at(below, 2 * n), at(below, 2 * n + 1)),
    );
    complete.push(below);
  }
  const rootAt = (some: number) => {
    const parts: Buffer[] = [];
    for (let start = 0, height = complete.length - 1; height >= 0; height -= 1) {
      if (start + 2 ** height > some) continue;
      parts.push(at(complete[height] ?? [], start / 2 ** height));
      start += 2 ** height;
    }
    return parts.reduceRight((right, left) => nodeHash(left, right));
  };
  beforeAll(async () => {
    await log.add(...leaves.map((_, n) => Buffer.from(`entry ${n}`)));
  });
  /** Tiles of any smaller tree: its partial tiles are the beginnings of what the whole tree has at their places. */
  const narrower: ReadTile = async (name) => {
    const bytes = await log.read(tileOf(size, name.level, name.index));
    return bytes?.subarray(0, name.width * 32);
  };
  const sizes = fc.oneof(
    { arbitrary: fc.integer({ min: 1, max: size }), weight: 1 },
    { arbitrary: fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, size), weight: 1 },
  );

  property.prop([sizes, fc.nat()], { numRuns: 25 })("any entry is proven in any of its trees", async (some, n) => {
    const index = n % some;
    const proof = await proveInclusion({ size: some, read: narrower }, index);
    const head = { size: some, root: rootAt(some) };
    const leaf = leaves[index] as Buffer;
    expect(verifyInclusion({ leaf, index }, proof, head)).toBe(true);
    expect(verifyInclusion({ leaf, index: (index + 1) % some }, proof, head)).toBe(some === 1);
    expect(verifyInclusion({ leaf: leafHash(leaf), index }, proof, head)).toBe(false);
    expect(verifyInclusion({ leaf, index }, [...proof, leaf], head)).toBe(false);
    if (proof.length > 0) expect(verifyInclusion({ leaf, index }, proof.slice(1), head)).toBe(false);
  });

  property.prop([sizes], { numRuns: 25 })("the whole tree continues any older one", async (some) => {
    const proof = await proveConsistency({ size, read: log.read }, some);
    const [older, newer] = [
      { size: some, root: rootAt(some) },
      { size, root: log.root },
    ];
    expect(verifyConsistency(older, newer, proof)).toBe(true);
    if (some === size) return;
    expect(verifyConsistency({ ...older, root: rootAt(some + 1) }, newer, proof)).toBe(false);
    expect(verifyConsistency(older, { ...newer, root: emptyRoot }, proof)).toBe(false);
    expect(verifyConsistency(older, newer, proof.slice(1))).toBe(false);
    expect(verifyConsistency(older, newer, [...proof, emptyRoot])).toBe(false);
    expect(verifyConsistency(newer, older, proof)).toBe(false);
  });

  test("the empty tree is continued by every tree, and by an empty proof alone", () => {
    const [empty, whole] = [
      { size: 0, root: emptyRoot },
      { size, root: log.root },
    ];
    expect(verifyConsistency(empty, whole, [])).toBe(true);
    expect(verifyConsistency(empty, whole, [emptyRoot])).toBe(false);
    expect(verifyConsistency({ ...empty, root: log.root }, whole, [])).toBe(false);
  });
});
