import { createHash } from "node:crypto";
import type { Registration } from "../model/registry.ts";
import { canonicalJson, rowName } from "../model/registry-difference.ts";

/**
 * A digest of a set of registrations. The order of registrations and of members does not matter; the order of a list
 * does. Two versions with the same digest have no difference.
 * @returns hex SHA-256
 */
export function registryDigest(rows: readonly Registration[]): string {
  const sorted = [...rows].sort((a, b) => (rowName(a) < rowName(b) ? -1 : 1));
  return createHash("sha256")
    .update(canonicalJson(sorted) ?? "")
    .digest("hex");
}
