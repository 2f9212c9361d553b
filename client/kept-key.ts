import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, open, unlink } from "node:fs/promises";
import type { KeyPair } from "./agent/agent-key.ts";
import { LanyardError } from "./error.ts";

/** A P-256 key as PKCS#8 in PEM is 241 bytes; room for blanks and comments around it. */
const fileBytesMax = 4_096;

/** The kept key cannot be read, made or trusted. The message names the file and never quotes what is in it. */
export class KeptKeyError extends LanyardError {
  override readonly name: string = "KeptKeyError";

  constructor(description: string) {
    super("kept_key_failed", "kept key", { description });
  }
}

/**
 * An agent's key that outlives its process: read from a file, or made and written there the first time. For evidence
 * that outlives the process too (a projected token, an SVID or a metadata server's document that is given again), which
 * belongs to the first key that shows it: a container that starts again beside the same document shows it with the same
 * key. Processes that start at one instant end with one key. Once read it is not extractable.
 *
 * The file is a secret: whoever reads it acts as the agent wherever the agent's document is taken. So a link, a file
 * that anybody but its owner may read or write, and somebody else's file are refused, and never written over.
 * @param path a file (PEM, PKCS#8) on a file system that knows owners and hard links; its folder must be there
 * @returns what `createAgent({ key })` takes
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
    // (the parser's own message is not told: it may quote what it read)
    return undefined;
  }
}

/** What is evaluated is what was opened, so that nothing is put in its place between the look and the reading. */
async function read(path: string): Promise<string | undefined> {
  // not waiting: a pipe in the file's place would hold the agent for ever
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
 * Writes a new key whole beside its place, and then gives it its name, which fails where the name is taken: nobody ever
 * reads half a key, and of two that start at one instant the second reads what the first made.
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
