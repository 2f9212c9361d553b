import { createPublicKey, verify } from "node:crypto";
import { err, ok, type Result } from "../model/result.ts";
import { isKeyName, keyId, type NoteKey } from "./note-key.ts";

/** Largest note that is read, and most signatures on it (Go's `note` reads as many). */
const noteBytes = 1_048_576;
export const signaturesMax = 100;

/** A key that signs notes; the private half is elsewhere. */
export interface NoteSigner extends NoteKey {
  readonly type: "ed25519";
  /** @returns the 64 bytes of the Ed25519 signature over these bytes */
  sign(text: Buffer): Promise<Uint8Array>;
}

/** A signature on a note that one of the given keys made. */
export interface NoteSignature {
  readonly key: NoteKey;
  /** Of a witness: when it signed. */
  readonly timeSeconds?: number;
}

/** A note that somebody known has signed. */
interface OpenNote {
  /** What was signed; its last character is a newline. */
  readonly text: string;
  /** Good signatures of known keys, in their order, one a key. */
  readonly signatures: readonly NoteSignature[];
}

/**
 * Signs a text: text, empty line, one line a signature (C2SP signed-note).
 * @param text ends with a newline
 * @throws Error for a text or name that no reader would take, and for a signature that its own key does not verify: a
 *   wrong key must be found before anybody relies on it
 */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!isNoteText(text) || signers.length === 0 || signers.some(({ name }) => !isKeyName(name)))
    throw new Error("a note needs a text that ends with a newline, and named keys");
  const lines = await Promise.all(
    signers.map(async (signer) => {
      const signature = Buffer.from(await signer.sign(Buffer.from(text, "utf8")));
      if (!isSigned(text, signature, signer)) throw new Error(`the key ${signer.name} did not make its signature`);
      return signatureLine(signer, signature);
    }),
  );
  return `${text}\n${lines.join("")}`;
}

/** One line of a signature, with its newline. */
export const signatureLine = ({ name, publicKey, type }: NoteKey, signature: Buffer): string =>
  `— ${name} ${Buffer.concat([keyId(name, publicKey, type), signature]).toString("base64")}\n`;

/** Text and signature lines of a note, before anybody's signature was looked at. */
interface SplitNote {
  readonly text: string;
  readonly lines: readonly { readonly name: string; readonly id: Buffer; readonly signature: Buffer }[];
}

/** @returns the parts of a note, or why it has not the form of one */
export function splitNote(note: string): Result<SplitNote, string> {
  if (Buffer.byteLength(note, "utf8") > noteBytes) return err("larger than a note may be");
  const at = note.lastIndexOf("\n\n");
  const text = note.slice(0, at + 1);
  if (at < 0 || !isNoteText(text) || !note.endsWith("\n")) return err("no text, empty line and signatures");
  const rows = note.slice(at + 2, -1).split("\n");
  if (rows.length > signaturesMax) return err("more signatures than are read");
  const lines = [];
  for (const row of rows) {
    const [, name, base64 = ""] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(row) ?? [];
    const bytes = Buffer.from(base64, "base64");
    if (name === undefined || !isKeyName(name) || bytes.length < 5 || bytes.toString("base64") !== base64)
      return err("a line of the signatures is malformed");
    lines.push({ name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) });
  }
  return ok({ text, lines });
}

/**
 * Opens a note by keys known beforehand (C2SP signed-note): signatures of other keys are ignored, a wrong one by a known
 * key spoils the note, and at least one good one there must be.
 * @returns text and good signatures, or why nothing in it may be believed
 */
export function openNote(note: string, keys: readonly NoteKey[]): Result<OpenNote, string> {
  const split = splitNote(note);
  if (!split.ok) return split;
  const { text, lines } = split.value;
  const signatures: NoteSignature[] = [];
  for (const { name, id, signature } of lines) {
    const key = keys.find((each) => each.name === name && keyId(name, each.publicKey, each.type).equals(id));
    if (key === undefined || signatures.some((each) => each.key === key)) continue;
    if (!isSigned(text, signature, key)) return err(`the signature of ${name} is wrong`);
    const timeSeconds = key.type === "cosignature" ? Number(signature.readBigUInt64BE()) : undefined;
    signatures.push(timeSeconds === undefined ? { key } : { key, timeSeconds });
  }
  return signatures.length > 0 ? ok({ text, signatures }) : err("no known key has signed it");
}

/** Whether a key made a signature over a text. A witness's begins with its time, 8 bytes (C2SP tlog-cosignature). */
function isSigned(text: string, signature: Buffer, { type, publicKey }: NoteKey): boolean {
  const timeBytes = type === "cosignature" ? 8 : 0;
  if (signature.length !== timeBytes + 64 || publicKey.length !== 32) return false;
  const head = timeBytes === 0 ? "" : `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n`;
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") },
    format: "jwk",
  });
  return verify(null, Buffer.from(`${head}${text}`, "utf8"), key, signature.subarray(timeBytes));
}

/** No control character but newlines (C2SP signed-note), and nothing that is not Unicode. */
const isNoteText = (text: string): boolean => /^[\n\u0020-\u{10ffff}]*\n$/u.test(text) && text.isWellFormed();
