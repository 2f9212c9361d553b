import { createHash } from "node:crypto";

/** Bytes of every hash of the log. */
export const hashBytes = 32;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/**
 * Hash of one entry (RFC 6962 2.1). The byte before it keeps leaves and nodes apart: without it, somebody could show the
 * two hashes below a node as if they were an entry.
 */
export const leafHash = (entry: Uint8Array): Buffer => createHash("sha256").update(leafPrefix).update(entry).digest();

/** Hash of two subtrees side by side (RFC 6962 2.1). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash("sha256").update(nodePrefix).update(left).update(right).digest();

/** Root of the tree without entries (RFC 6962 2.1). */
export const emptyRoot: Buffer = createHash("sha256").digest();

/** A complete subtree at the right edge of a growing tree. */
export interface Subtree {
  readonly size: number;
  readonly hash: Buffer;
}

/**
 * A tree that grows leaf by leaf and knows its root at every size; it holds one hash for each power of two of its size.
 * @param begun complete subtrees to begin with, the largest first
 */
export function growingTree(begun: readonly Subtree[] = []): { add(leaf: Buffer): void; root(): Buffer } {
  const complete = [...begun];
  return {
    add(leaf) {
      let joined: Subtree = { size: 1, hash: leaf };
      for (let last = complete.at(-1); last?.size === joined.size; last = complete.at(-1)) {
        complete.pop();
        joined = { size: joined.size * 2, hash: nodeHash(last.hash, joined.hash) };
      }
      complete.push(joined);
    },
    root: () => joinedRight(complete.map(({ hash }) => hash)),
  };
}

/** Root of the tree over these hashes, in their order (RFC 6962 2.1). */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  const tree = growingTree();
  for (const hash of hashes) tree.add(hash);
  return tree.root();
}

/** Root over complete subtrees of falling size: each is the left half of all that follows it. */
export function joinedRight(subtrees: readonly Buffer[]): Buffer {
  const last = subtrees.at(-1) ?? emptyRoot;
  return subtrees.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}
