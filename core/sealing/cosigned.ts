import { signaturesMax, splitNote } from "../tlog/note.ts";
import { keyId, type NoteKey } from "../tlog/note-key.ts";
import type { Tree } from "../tlog/tree.ts";
import { askWitness, type Witness } from "../tlog/witness.ts";

/** Told of a witness that did not sign. */
export type Unwitnessed = (witness: string, why: string) => void;

/**
 * Asks every witness to sign a checkpoint, all at the same time, and puts their signatures behind the log's own. One
 * that is down, slow or wrong is told of and left out: how many must have signed is for whoever verifies to say, and a
 * witness that could stop the log would be a way to stop the audit.
 * @param shown the log's tree, its signed checkpoint, and the size that witnesses were last asked about
 * @returns the checkpoint with at most one signature of each witness's key
 */
export async function cosigned(
  witnesses: readonly Witness[],
  shown: { readonly tree: Tree; readonly checkpoint: string; readonly knownSize: number },
  unwitnessed: Unwitnessed,
): Promise<string> {
  const asked = witnesses.map(async (witness) => {
    const name = witness.keys[0]?.name ?? "without a key";
    try {
      const lines = await askWitness(witness, shown);
      if (lines.ok) return onceEach(lines.value, shown.checkpoint, witness.keys);
      unwitnessed(name, lines.error);
    } catch (failure) {
      unwitnessed(name, failure instanceof Error ? failure.name : "failed");
    }
    return [];
  });
  const room = signaturesMax - linesIn(shown.checkpoint);
  return shown.checkpoint + (await Promise.all(asked)).flat().slice(0, room).join("");
}

const linesIn = (checkpoint: string): number => {
  const split = splitNote(checkpoint);
  return split.ok ? split.value.lines.length : signaturesMax;
};

/** The first line of each key: a witness that repeats its line a hundred times must not fill the note. */
function onceEach(lines: string, checkpoint: string, keys: readonly NoteKey[]): readonly string[] {
  const split = splitNote(`${checkpoint.slice(0, checkpoint.lastIndexOf("\n\n") + 1)}\n${lines}`);
  if (!split.ok) return [];
  const texts = lines.match(/[^\n]+\n/g) ?? [];
  return keys.flatMap((key) => {
    const id = keyId(key.name, key.publicKey, key.type);
    const at = split.value.lines.findIndex((line) => line.name === key.name && line.id.equals(id));
    return texts[at] ?? [];
  });
}
