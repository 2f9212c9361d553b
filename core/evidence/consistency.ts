import { err, ok, type Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";
import { proofHashes, type TreeHead, verifyConsistency } from "../tlog/proof.ts";
import { files, jsonBytes } from "./layout.ts";
import type { Member } from "./tar.ts";

/** A proof that the archive's checkpoint continues one that somebody else kept. */
export const consistencyMember = (size: number, proof: readonly Buffer[]): Member => ({
  name: files.consistency(size),
  bytes: jsonBytes({ size, proof: proof.map((hash) => hash.toString("base64")) }),
});

/**
 * Holds the archive's checkpoint against one that was kept elsewhere.
 * @param proof the archive's file about a checkpoint of that size; not needed for one of the same size
 * @returns why it does not continue it
 */
export function continues(older: TreeHead, newer: TreeHead, proof: Buffer | undefined): Result<undefined, string> {
  if (older.size === newer.size)
    return older.root.equals(newer.root) ? ok(undefined) : err("the log showed another history of the same size");
  if (older.size > newer.size)
    return err("it is newer than the archive's: by the log alone, not by this archive, can it be told");
  const hashes = proof === undefined ? undefined : hashesOf(proof);
  if (hashes === undefined) return err("the archive holds no proof about it: make the archive with --against");
  return verifyConsistency(older, newer, hashes) ? ok(undefined) : err("the log showed another history");
}

function hashesOf(bytes: Buffer): readonly Buffer[] | undefined {
  const read = parseBoundedJson(bytes.toString("utf8"));
  const proof = read.ok ? (read.value as { proof?: unknown } | null)?.proof : undefined;
  if (!Array.isArray(proof) || proof.length > proofHashes || proof.some((hash) => typeof hash !== "string"))
    return undefined;
  return proof.map((hash: string) => Buffer.from(hash, "base64"));
}
