import { err, ok, type Result } from "../model/result.ts";

/** What the log says of one record: its id, and the hash of its body as the grant's own transaction stored it. */
export interface LogEntry {
  readonly eventId: string;
  /** base64url SHA-256 of the record's body. */
  readonly hash: string;
}

/** Beginning of the ids of entries that only say that the log lives. */
export const heartbeatPrefix = "heartbeat#";
/**
 * Beginning of the id of an entry that stands before a record's own and says that an operator had it sent again: it
 * comes to the log later than records do. The mark is an entry, since whoever could put one elsewhere (on the bus, into
 * the bucket) could make a record look sent again that was written with an earlier time than it has.
 */
export const redrivenPrefix = "redriven#";

/** Whether an id is that of an entry which the log makes itself. */
export const isOwnEntry = (eventId: string): boolean =>
  eventId.startsWith(heartbeatPrefix) || eventId.startsWith(redrivenPrefix);

/** Most bytes of an entry (C2SP tlog-tiles: each has a length of 16 bits before it in its bundle). */
export const entryBytes = 65_535;

const entryForm = /^([^\p{Cc}\p{Cs}]{1,1024})\n([A-Za-z0-9_-]{43})$/u;

/**
 * Bytes of an entry: `<eventId>\n<hash>`. The record itself stays out, so that it can be erased beside a log that cannot.
 * @throws Error for an id or a hash that {@link readEntry} would refuse: a reader that splits it otherwise would see
 *   another record
 */
export function entryOf({ eventId, hash }: LogEntry): Buffer {
  const bytes = Buffer.from(`${eventId}\n${hash}`, "utf8");
  const read = readEntry(bytes);
  if (!read.ok || read.value.eventId !== eventId) throw new Error("an entry of the log has an unfit event id or hash");
  return bytes;
}

/** @returns the entry, or why these bytes are none */
export function readEntry(bytes: Uint8Array): Result<LogEntry, string> {
  if (bytes.length > entryBytes) return err("longer than an entry may be");
  const text = Buffer.from(bytes).toString("utf8");
  const [, eventId, hash] = entryForm.exec(text) ?? [];
  if (eventId === undefined || hash === undefined) return err("no event id and hash");
  // other spellings of one text or one hash would be other entries of the same record
  if (!Buffer.from(text, "utf8").equals(bytes)) return err("not UTF-8");
  if (Buffer.from(hash, "base64url").toString("base64url") !== hash) return err("hash is not canonical base64url");
  return ok({ eventId, hash });
}
