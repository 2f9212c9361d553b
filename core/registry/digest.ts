import { createHash } from "node:crypto";
import type { Registration } from "../model/registry.ts";
import { canonicalJson } from "../model/registry-difference.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Digest of one registration, hex SHA-256. The order of members does not matter; the order of a list does. */
export const registrationDigest = (row: object): string => sha256(canonicalJson(row) ?? "");

/**
 * A digest of a set of registrations, from those of each: whoever shows some of a version's registrations and the
 * digests of the others proves them by this one, and tells nothing of the others.
 * @param digests as {@link registrationDigest} makes them, in any order
 */
export const digestOfDigests = (digests: readonly string[]): string =>
  sha256(
    digests
      .toSorted()
      .map((digest) => `${digest}\n`)
      .join(""),
  );

/**
 * A digest of a set of registrations. Two versions with the same digest have no difference.
 * @returns hex SHA-256
 */
export const registryDigest = (rows: readonly Registration[]): string => digestOfDigests(rows.map(registrationDigest));
