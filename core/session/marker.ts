import { createHash } from "node:crypto";
import type { Marker } from "./store.ts";

/**
 * Key of a one-use marker: SHA-256 over kind, issuer and id, each length-prefixed. Without the issuer,
 * one issuer could burn another's `jti`; without the lengths, ("a","bc") would burn ("ab","c").
 * @returns 43 base64url characters
 */
export function markerKey(kind: Marker["kind"], issuer: string, id: string): string {
  const hash = createHash("sha256");
  for (const part of [kind, issuer, id]) {
    const bytes = Buffer.from(part, "utf8");
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("base64url");
}
