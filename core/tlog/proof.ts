import { emptyRoot, nodeHash } from "./hash.ts";
import { rangeRoot, remembering, splitOf, type Tree } from "./tree.ts";

/** Most hashes in a proof about a tree whose size a number holds exactly. */
export const proofHashes = 63;

/** Size and root of a tree, as a checkpoint states them. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/**
 * Proof that the tree holds an entry at an index (RFC 6962 2.1.1): hashes from the leaf's sibling to the root's child.
 * @throws TileFault
 * @throws RangeError for an index outside the tree
 */
export async function proveInclusion(tree: Tree, index: number): Promise<readonly Buffer[]> {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < tree.size)) throw new RangeError("no such index");
  const once = remembering(tree);
  const proof: Buffer[] = [];
  let [start, end] = [0, tree.size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    const isLeft = index < middle;
    proof.unshift(await (isLeft ? rangeRoot(once, middle, end) : rangeRoot(once, start, middle)));
    [start, end] = isLeft ? [start, middle] : [middle, end];
  }
  return proof;
}

/**
 * Proof that the tree continues its first `oldSize` entries (RFC 6962 2.1.2); empty for an old size of 0 or the tree's.
 * @throws TileFault
 * @throws RangeError for an old size above the tree's
 */
export async function proveConsistency(tree: Tree, oldSize: number): Promise<readonly Buffer[]> {
  if (!(Number.isSafeInteger(oldSize) && oldSize >= 0 && oldSize <= tree.size)) throw new RangeError("no such size");
  if (oldSize === 0 || oldSize === tree.size) return [];
  const once = remembering(tree);
  const proof: Buffer[] = [];
  let [start, end] = [0, tree.size];
  while (end !== oldSize) {
    const middle = start + splitOf(end - start);
    const isLeft = oldSize <= middle;
    proof.unshift(await (isLeft ? rangeRoot(once, middle, end) : rangeRoot(once, start, middle)));
    [start, end] = isLeft ? [start, middle] : [middle, end];
  }
  // the verifier knows the old root itself, which this is when nothing of the old tree lies to the left
  if (start > 0) proof.unshift(await rangeRoot(once, start, end));
  return proof;
}

const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;

/**
 * Whether a proof shows that the tree holds the leaf at the index (RFC 9162 2.1.3.2).
 * @param shown `leaf` is the entry's leaf hash; index and size are bound only as far as the path's shape binds them
 */
export function verifyInclusion(
  { leaf, index }: { readonly leaf: Buffer; readonly index: number },
  proof: readonly Buffer[],
  { size, root }: TreeHead,
): boolean {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const other of proof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = nodeHash(other, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else hash = nodeHash(hash, other);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/** Whether a proof shows that the newer tree begins with all entries of the older (RFC 9162 2.1.4.2). */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly Buffer[]): boolean {
  if (!(older.size >= 0 && older.size <= newer.size)) return false;
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return proof.length === 0 && older.root.equals(emptyRoot);
  let [at, last] = [older.size - 1, newer.size - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // a complete old tree is a node of the new one, and its root is the verifier's to supply
  const [first, ...path] = at === 0 ? [older.root, ...proof] : proof;
  if (first === undefined || proof.length === 0) return false;
  let [before, after] = [first, first];
  for (const other of path) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      [before, after] = [nodeHash(other, before), nodeHash(other, after)];
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else after = nodeHash(after, other);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && before.equals(older.root) && after.equals(newer.root);
}
