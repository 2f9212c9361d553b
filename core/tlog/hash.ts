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

/** Root of the tree over these hashes, in their order (RFC 6962 2.1). */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  // complete subtrees, the largest first; their sizes are the powers of two of which the count is the sum
  const complete: { readonly size: number; readonly hash: Buffer }[] = [];
  for (const leaf of hashes) {
    let joined = { size: 1, hash: leaf };
    for (let last = complete.at(-1); last?.size === joined.size; last = complete.at(-1)) {
      complete.pop();
      joined = { size: joined.size * 2, hash: nodeHash(last.hash, joined.hash) };
    }
    complete.push(joined);
  }
  return joinedRight(complete.map(({ hash }) => hash));
}

/** Root over complete subtrees of falling size: each is the left half of all that follows it. */
export function joinedRight(subtrees: readonly Buffer[]): Buffer {
  const last = subtrees.at(-1) ?? emptyRoot;
  return subtrees.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}
