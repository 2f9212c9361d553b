import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, open, unlink } from "node:fs/promises";
import type { KeyPair } from "./agent/agent-key.ts";
import { LanyardError } from "./error.ts";

/** A P-256 key as PKCS#8 in PEM has 241 bytes; the rest is room for blanks and comments around it. */
const fileBytesMax = 4_096;

/** The kept key cannot be read, made or trusted. The message names the file and never quotes its contents. */
export class KeptKeyError extends LanyardError {
  override readonly name: string = "KeptKeyError";

  constructor(description: string) {
    super("kept_key_failed", "kept key", { description });
  }
}

/**
 * An agent's key that outlives its process: read from a file, or created and written there the first time. It is for
 * evidence that outlives the process too (a projected token, an SVID, a metadata server's document) and that belongs to
 * the first key that shows it (threat 16): a restarted container can show the same document with the same key.
 * Processes that start at the same time get the same key. Once read, the key is not extractable.
 *
 * The file is a secret: anybody who reads it, and has the agent's document, can act as the agent. So a link, a file
 * that others than its owner may read or write, and a file of another owner are refused and never overwritten.
 * @param path a file (PEM, PKCS#8) on a file system that has owners and hard links; its folder must exist
 * @returns the key for `createAgent({ key })`
 * @throws KeptKeyError
 */
export async function keptKey(path: string): Promise<KeyPair> {
  if (process.geteuid === undefined) throw new KeptKeyError("this system's files have no owners: no key is kept here");
  const privateKey = keyIn((await read(path)) ?? (await make(path)), path);
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, curve, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", spki, curve, true, ["verify"]),
  };
}

function keyIn(pem: string, path: string): KeyObject {
  const key = parsed(pem);
  if (key?.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new KeptKeyError(`${path} holds no P-256 private key in PEM; move it away and a key is made`);
  return key;
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: "pem" });
  } catch {
    // the parser's own message is not passed on, since it may quote what it read
    return undefined;
  }
}

/**
 * Reads the file. Its owner and mode are checked on the opened file, so that nobody can replace it between check and
 * reading.
 */
async function read(path: string): Promise<string | undefined> {
  // non-blocking: a pipe in the file's place would otherwise stop the agent for ever
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((failure: unknown) => {
    if (codeOf(failure) === "ENOENT") return undefined;
    if (codeOf(failure) === "ELOOP") throw new KeptKeyError(`${path} is a link: its key could be anybody's`);
    throw new KeptKeyError(`${path} cannot be read (${codeOf(failure)})`);
  });
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new KeptKeyError(`${path} is no file`);
    if (stat.uid !== process.geteuid?.()) throw new KeptKeyError(`${path} belongs to somebody else (uid ${stat.uid})`);
    if ((stat.mode & 0o077) !== 0)
      throw new KeptKeyError(`${path} is open to others (mode ${(stat.mode & 0o777).toString(8)}, not 600)`);
    if (stat.size > fileBytesMax) throw new KeptKeyError(`${path} is longer than ${fileBytesMax} bytes`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(fileBytesMax), 0, fileBytesMax, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Writes a new key completely to a temporary file, and then links it to its name, which fails where that name exists.
 * So nobody reads half a key, and of two processes that start at the same time the second reads the first one's key.
 */
async function make(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((failure: unknown) => {
      if (codeOf(failure) !== "EEXIST") throw failure;
    });
  } catch (failure) {
    throw new KeptKeyError(`${path} cannot be made (${codeOf(failure)})`);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  const kept = await read(path);
  if (kept === undefined) throw new KeptKeyError(`${path} was taken away while it was made`);
  return kept;
}

const codeOf = (failure: unknown): string =>
  failure instanceof Error && "code" in failure ? String(failure.code) : "unknown";
