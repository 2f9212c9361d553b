import { createHash } from "node:crypto";
import type { Member } from "./tar.ts";

/** Most records and most calls of one archive: the work of a verifier grows faster than they do. */
export const evidenceBounds = { records: 10_000, calls: 20_000 } as const;

/** Names in an archive of evidence; lists stand in folders. */
export const files = {
  readme: "README.txt",
  session: "session.json",
  registry: "registry.json",
  checkpoint: "checkpoint",
  keys: "verifier-key.txt",
  manifest: "manifest.json",
  record: (eventId: string) => `records/${eventId}.json`,
  policy: (version: number, name: string) => `policy/${version}/${name}.cedar`,
  call: (eventId: string) => `cloudtrail/${/^[A-Za-z0-9-]{1,64}$/.test(eventId) ? eventId : sha256(eventId)}.json`,
  proof: (eventId: string) => `proofs/${eventId}.tlog-proof`,
  consistency: (size: number) => `consistency/${size}.json`,
} as const;

/** In this order they stand, each folder by its names. Every other name is foreign. */
const order: readonly RegExp[] = [
  /^README\.txt$/,
  /^session\.json$/,
  /^records\/([^/]+)\.json$/,
  /^policy\/[1-9]\d{0,8}\/[^/]+\.cedar$/,
  /^registry\.json$/,
  /^cloudtrail\/[^/]+\.json$/,
  /^proofs\/([^/]+)\.tlog-proof$/,
  /^checkpoint$/,
  /^consistency\/(0|[1-9]\d{0,15})\.json$/,
  /^verifier-key\.txt$/,
  /^manifest\.json$/,
];

const rankOf = (name: string): number => order.findIndex((form) => form.test(name));

/** Whether an archive of evidence has files of this name. */
export const isKnownName = (name: string): boolean => rankOf(name) >= 0;

/** Files in the order of an archive. */
export const inOrder = (members: readonly Member[]): readonly Member[] =>
  members.toSorted((one, other) => rankOf(one.name) - rankOf(other.name) || (one.name < other.name ? -1 : 1));

/** The id in the name of a record or a proof; undefined for any other file. */
export const idIn = (folder: "records" | "proofs", name: string): string | undefined =>
  name.startsWith(`${folder}/`) ? order.flatMap((form) => form.exec(name)?.[1] ?? [])[0] : undefined;

/** Hex SHA-256. */
export const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** JSON as a file holds it. */
export const jsonBytes = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** The list of all other files: what was handed on must be what was made. It proves nothing against whoever makes it anew. */
export const manifestOf = (members: readonly Member[]): Buffer =>
  jsonBytes({
    format: "lanyard-evidence/1",
    members: members.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sha256(bytes) })),
  });
