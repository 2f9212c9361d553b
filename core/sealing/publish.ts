import { type Checkpoint, checkpointText, openCheckpoint } from "../tlog/checkpoint.ts";
import { type NoteSigner, signNote } from "../tlog/note.ts";
import { proveConsistency, type TreeHead, verifyConsistency } from "../tlog/proof.ts";
import type { Witness } from "../tlog/witness.ts";
import { cosigned, type Unwitnessed } from "./cosigned.ts";
import type { Head, HeadStore } from "./head.ts";
import { type FoundObject, type LogObjects, tilesOf } from "./objects.ts";

/** What a checkpoint needs to be published. */
export interface PublishDeps {
  readonly head: HeadStore;
  readonly objects: LogObjects;
  /** The log's name, for good. */
  readonly origin: string;
  /** The log's keys, each of which signs. */
  readonly signers: () => Promise<readonly NoteSigner[]>;
  /** Who outside of the account is asked to sign each checkpoint besides. */
  readonly witnesses?: readonly Witness[];
  /** Told of a witness that did not sign; nothing waits for it. */
  readonly unwitnessed?: Unwitnessed;
  /** Tells others of a checkpoint, so that they can keep it where nobody of this account reaches. */
  readonly announce: (note: string) => Promise<void>;
}

/** Path of the newest checkpoint; each is kept under its size besides. */
const checkpointPath = "checkpoint";
const keptPath = (size: number): string => `checkpoints/${size}`;

/**
 * Publishes the checkpoint of the tree as it is now. A log must never sign two trees of which neither continues the
 * other (C2SP tlog-checkpoint), and the head is a row that somebody might set back or forge: so the tree must continue
 * the one whose checkpoint is there, by a proof from the tiles themselves. Each checkpoint is kept under its size before
 * it becomes the newest; a size that has one is never signed again.
 * @returns size of the newest checkpoint, as far as this writer knows; undefined when another was at it
 * @throws when the tree does not continue what was signed, with nothing signed
 */
export async function publish(deps: PublishDeps): Promise<number | undefined> {
  const { objects } = deps;
  const signers = await deps.signers();
  const read = reader(deps.origin, signers);
  const before = await objects.read(checkpointPath);
  // read after the checkpoint: whoever published it had moved the head before
  const head = await deps.head.read();
  if (!head || head.size === 0) {
    if (before) throw new Error("the head of the log is gone, and its checkpoint is not");
    return undefined;
  }
  const signed = before && read(before);
  if (signed) {
    await mustContinue(signed, head, objects);
    if (signed.size === head.size) return head.size;
  }
  const note = await keptNote(head, { ...deps, read, signers, knownSize: signed?.size ?? 0 });
  await deps.announce(note);
  const bytes = Buffer.from(note, "utf8");
  const done = before
    ? await objects.replace(checkpointPath, bytes, before.tag)
    : await objects.create(checkpointPath, bytes, "locked");
  return done ? head.size : undefined;
}

/**
 * Refuses a head that is behind what was signed: on it, other entries would be given places that are taken.
 * @throws when the head is behind the newest checkpoint, and still is when both are read again
 */
export async function mustNotBeBehind(head: Head, deps: PublishDeps): Promise<void> {
  const found = await deps.objects.read(checkpointPath);
  if (!found || reader(deps.origin, await deps.signers())(found).size <= head.size) return;
  // another writer may have moved both meanwhile
  const now = await deps.head.read();
  if ((now?.revision ?? 0) <= head.revision) throw new Error("the head of the log is behind its checkpoint");
}

const reader =
  (origin: string, keys: readonly NoteSigner[]) =>
  ({ bytes }: FoundObject): Checkpoint => {
    const opened = openCheckpoint(bytes.toString("utf8"), { origin, keys });
    if (!opened.ok) throw new Error(`a checkpoint of the log cannot be believed: ${opened.error}`);
    return opened.value;
  };

async function mustContinue(signed: TreeHead, head: TreeHead, objects: LogObjects): Promise<void> {
  if (signed.size > head.size) throw new Error("the head of the log is behind its checkpoint");
  const proof = await proveConsistency({ size: head.size, read: tilesOf(objects) }, signed.size);
  if (!verifyConsistency(signed, head, proof)) throw new Error("the log does not continue its checkpoint");
}

interface NoteDeps extends Omit<PublishDeps, "signers"> {
  readonly read: (found: FoundObject) => Checkpoint;
  readonly signers: readonly NoteSigner[];
  /** Size of the checkpoint before, which witnesses know if they were there. */
  readonly knownSize: number;
}

/** The checkpoint that is kept under a tree's size, with its witnesses' signatures: that of whoever signed it first. */
async function keptNote(head: TreeHead, deps: NoteDeps): Promise<string> {
  const { objects, origin, read, signers, knownSize, witnesses = [], unwitnessed = () => {} } = deps;
  const path = keptPath(head.size);
  const known = await objects.read(path);
  if (!known) {
    const checkpoint = await signNote(checkpointText({ origin, size: head.size, root: head.root }), signers);
    const tree = { size: head.size, read: tilesOf(objects) };
    const note = await cosigned(witnesses, { tree, checkpoint, knownSize }, unwitnessed);
    if (await objects.create(path, Buffer.from(note, "utf8"), "locked")) return note;
  }
  const found = known ?? (await objects.read(path));
  if (!found) throw new Error(`${path} is there and cannot be read`);
  const kept = read(found);
  if (kept.size !== head.size || !kept.root.equals(head.root)) throw new Error(`${path} is of another tree`);
  return found.bytes.toString("utf8");
}
