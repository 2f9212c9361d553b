import { err, ok, type Result } from "../model/result.ts";
import { hashBytes } from "./hash.ts";
import { type NoteSignature, openNote } from "./note.ts";
import type { NoteKey } from "./note-key.ts";
import type { TreeHead } from "./proof.ts";

/** What a log says of itself at one size. */
export interface Checkpoint extends TreeHead {
  /** Name of the log, the same for good. */
  readonly origin: string;
}

/**
 * Text of a checkpoint, before it is signed (C2SP tlog-checkpoint).
 * @throws Error for an origin that would be read otherwise
 */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
  if (!readCheckpoint(text).ok)
    throw new Error("a checkpoint needs an origin of one line, a size and a root of 32 bytes");
  return text;
}

/**
 * Reads the text of a checkpoint. Lines after the third are allowed and mean nothing to us.
 * @returns origin, size and root, or why it is no checkpoint
 */
export function readCheckpoint(text: string): Result<Checkpoint, string> {
  const [origin = "", digits = "", base64 = "", ...rest] = text.split("\n");
  if (rest.pop() !== "" || rest.includes("")) return err("not lines that each end with a newline");
  if (!/^[^\p{Cc}\p{Cs}]{1,1024}$/u.test(origin)) return err("no origin");
  const size = /^(0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(size)) return err("no size in decimal");
  const root = Buffer.from(base64, "base64");
  if (root.length !== hashBytes || root.toString("base64") !== base64) return err("no root of 32 bytes in base64");
  return ok({ origin, size, root });
}

/** A checkpoint that its log has signed. */
export interface SignedCheckpoint extends Checkpoint {
  readonly signatures: readonly NoteSignature[];
}

/**
 * Opens a signed checkpoint of one log.
 * @param log its origin, and the keys of which one must have signed; `witnesses` beside it are verified where they
 *   signed, and never stand in for the log
 * @returns the checkpoint, or why it may not be believed
 */
export function openCheckpoint(
  note: string,
  log: { readonly origin: string; readonly keys: readonly NoteKey[]; readonly witnesses?: readonly NoteKey[] },
): Result<SignedCheckpoint, string> {
  const open = openNote(note, [...log.keys, ...(log.witnesses ?? [])]);
  if (!open.ok) return open;
  const { text, signatures } = open.value;
  if (!signatures.some(({ key }) => log.keys.includes(key))) return err("its log has not signed it");
  const read = readCheckpoint(text);
  if (!read.ok) return read;
  return read.value.origin === log.origin ? ok({ ...read.value, signatures }) : err("it is of another log");
}
