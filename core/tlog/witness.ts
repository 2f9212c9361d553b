import { err, ok, type Result } from "../model/result.ts";
import { openNote, splitNote } from "./note.ts";
import { keyId, type NoteKey } from "./note-key.ts";
import { proofHashes, proveConsistency } from "./proof.ts";
import type { Tree } from "./tree.ts";

/**
 * A witness that is asked over the network (C2SP tlog-witness): somebody outside the account who signs only trees that
 * continue what it signed before.
 */
export interface Witness {
  /** Its keys, of type `cosignature`. */
  readonly keys: readonly NoteKey[];
  /** `POST <submission prefix>/add-checkpoint`. @throws when it cannot be reached in time */
  addCheckpoint(body: string): Promise<WitnessAnswer>;
}

/** An answer as it came; its body is bounded by the port. */
interface WitnessAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string;
}

/** Body of `add-checkpoint`: the size that the witness knows, the proof from there, and the checkpoint. */
export function witnessRequest(oldSize: number, proof: readonly Buffer[], checkpoint: string): string {
  if (proof.length > proofHashes) throw new RangeError("a proof for a witness has at most 63 hashes");
  return [`old ${oldSize}`, ...proof.map((hash) => hash.toString("base64")), "", checkpoint].join("\n");
}

/** What a witness said: its lines for the checkpoint, or the size up to which it knows the log. */
type WitnessSaid =
  | { readonly kind: "cosigned"; readonly lines: string }
  | { readonly kind: "knows"; readonly size: number };

/**
 * Reads an answer. Nothing in it is believed that the witness's key did not sign over this very checkpoint.
 * @returns what it said, or why it is of no use
 */
export function readWitnessAnswer(
  { status, contentType = "", body }: WitnessAnswer,
  checkpoint: string,
  keys: readonly NoteKey[],
): Result<WitnessSaid, string> {
  if (status === 409 && contentType.startsWith("text/x.tlog.size")) {
    const size = /^(0|[1-9]\d{0,15})\n$/.test(body) ? Number(body) : Number.NaN;
    return Number.isSafeInteger(size) ? ok({ kind: "knows", size }) : err("it names no size that it knows");
  }
  if (status !== 200) return err(`it answers ${status}`);
  const split = splitNote(checkpoint);
  if (!split.ok) return split;
  const answered = splitNote(`${split.value.text}\n${body}`);
  if (!answered.ok || answered.value.text !== split.value.text) return err("its answer is no signature lines");
  const open = openNote(`${split.value.text}\n${body}`, keys);
  if (!open.ok) return open;
  // lines of keys that nobody configured stay out of the checkpoint
  const known = body.match(/[^\n]+\n/g)?.filter((_, n) => {
    const line = answered.value.lines[n];
    return keys.some((key) => key.name === line?.name && keyId(key.name, key.publicKey, key.type).equals(line.id));
  });
  return ok({ kind: "cosigned", lines: (known ?? []).join("") });
}

/**
 * Asks a witness to sign a checkpoint: once from the size it was last known to know, and once more from the size that it
 * answers it knows.
 * @param shown the log's tree at the checkpoint's size, the signed checkpoint, and the size to begin with (0: unknown)
 * @returns signature lines to put behind the checkpoint, or why there are none; a witness that is down stops nobody
 */
export async function askWitness(
  witness: Witness,
  { tree, checkpoint, knownSize }: { readonly tree: Tree; readonly checkpoint: string; readonly knownSize: number },
): Promise<Result<string, string>> {
  let from = Math.min(knownSize, tree.size);
  for (const attempt of [1, 2]) {
    const body = witnessRequest(from, await proveConsistency(tree, from), checkpoint);
    const answer = await witness.addCheckpoint(body).catch(() => undefined);
    if (answer === undefined) return err("it cannot be reached");
    const said = readWitnessAnswer(answer, checkpoint, witness.keys);
    if (!said.ok) return said;
    if (said.value.kind === "cosigned") return ok(said.value.lines);
    if (said.value.size > tree.size) return err(`it has signed a larger tree, of ${said.value.size}`);
    if (attempt === 2) break;
    from = said.value.size;
  }
  return err("it asks for another size each time");
}

/** Whether at least so many witnesses of a list have signed. One key is one witness, whatever names it has. */
export const isWitnessed = (
  signatures: readonly { readonly key: NoteKey }[],
  { keys, quorum }: { readonly keys: readonly NoteKey[]; readonly quorum: number },
): boolean =>
  new Set(signatures.filter(({ key }) => keys.includes(key)).map(({ key }) => key.publicKey.toString("hex"))).size >=
  quorum;
