import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from "node:crypto";
import { append } from "../../../core/tlog/append.ts";
import { checkpointText } from "../../../core/tlog/checkpoint.ts";
import { emptyRoot } from "../../../core/tlog/hash.ts";
import { type NoteSigner, signNote } from "../../../core/tlog/note.ts";
import { ed25519OfSpki } from "../../../core/tlog/note-key.ts";
import { tilePath } from "../../../core/tlog/tile.ts";
import type { ReadTile } from "../../../core/tlog/tree.ts";

const pkcs8Ed25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** An Ed25519 key that is the same for the same seed. */
export function privateKeyOf(seed: string): KeyObject {
  const secret = hash("sha256", seed, "buffer");
  return createPrivateKey({ key: Buffer.concat([pkcs8Ed25519, secret]), format: "der", type: "pkcs8" });
}

/** The 32 bytes of its public key. */
export function publicKeyOf(key: KeyObject): Buffer {
  const raw = ed25519OfSpki(createPublicKey(key).export({ format: "der", type: "spki" }));
  if (!raw.ok) throw new Error(raw.error);
  return raw.value;
}

/** A signer of notes whose key is made of a seed. */
export function signerOf(name: string, seed: string = name): NoteSigner {
  const key = privateKeyOf(seed);
  return { name, type: "ed25519", publicKey: publicKeyOf(key), sign: async (text) => sign(null, text, key) };
}

/** A log in memory, laid out by paths below its prefix as the bucket holds it. */
export interface MemoryLog {
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly files: Map<string, Buffer>;
  readonly read: ReadTile;
  size: number;
  root: Buffer;
  /** Appends entries and publishes a signed checkpoint. @returns the checkpoint */
  add(...entries: readonly Buffer[]): Promise<string>;
}

/** Makes an empty log. */
export function memoryLog(origin = "example.com/lanyard/test/eu-central-1", seed?: string): MemoryLog {
  const files = new Map<string, Buffer>();
  const signer = signerOf(origin, seed);
  const log: MemoryLog = {
    ...{ origin, signer, files, size: 0, root: emptyRoot },
    read: async (name) => files.get(tilePath(name)),
    async add(...entries) {
      const { size, root, tiles } = await append({ size: log.size, root: log.root, read: log.read }, entries);
      for (const { name, bytes } of tiles) files.set(tilePath(name), bytes);
      Object.assign(log, { size, root });
      const checkpoint = await signNote(checkpointText({ origin, size, root }), [signer]);
      files.set("checkpoint", Buffer.from(checkpoint));
      files.set(`checkpoints/${size}`, Buffer.from(checkpoint));
      return checkpoint;
    },
  };
  return log;
}
