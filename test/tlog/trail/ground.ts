import { bundleOf, readBundle } from "../../../core/tlog/bundle.ts";
import { checkpointText } from "../../../core/tlog/checkpoint.ts";
import { signNote } from "../../../core/tlog/note.ts";
import type { TrailQuestion } from "../../../core/tlog/trail/ports.ts";
import { type TrailReport, verifyTrail } from "../../../core/tlog/trail/verify-trail.ts";
import { type MemoryTrail, memoryTrail } from "../../kit/memory/trail.ts";

/** Six minutes of records, more than a tile of them, with an hour's entry among them. */
export const batches = [40, 300, 1, 0, 250, 60];
/** Entries of a trail of {@link batches}. */
export const size = 652;

/** An honest trail, and how it is verified after somebody was at it. */
export async function setUp(minutes: readonly number[] = batches) {
  const trail = await memoryTrail(minutes);
  const verify = (question: Partial<TrailQuestion> = {}): Promise<TrailReport> =>
    verifyTrail(trail.ports, { ...trail.question, ...question });
  return { ...trail, verify, codes: async (question?: Partial<TrailQuestion>) => codesOf(await verify(question)) };
}

/** Codes of a report, each once, in the order of the alphabet. */
export const codesOf = ({ counts }: TrailReport): readonly string[] => Object.keys(counts).sort();

/** Changes one object of the log. */
export function change({ log }: Pick<MemoryTrail, "log">, path: string, by: (bytes: Buffer) => Buffer): void {
  const bytes = log.files.get(path);
  if (bytes === undefined) throw new Error(`there is no ${path}`);
  log.files.set(path, by(Buffer.from(bytes)));
}

/** Changes the entries of one bundle. */
export const changeEntries = (
  trail: Pick<MemoryTrail, "log">,
  path: string,
  by: (entries: Buffer[]) => readonly Buffer[],
): void =>
  change(trail, path, (bytes) => {
    const read = readBundle(bytes);
    if (!read.ok) throw new Error(read.error);
    return bundleOf(by([...read.value]));
  });

/** A checkpoint that the log's own key signed, over whatever root. */
export const signedHead = async ({ log }: Pick<MemoryTrail, "log">, size: number, root: Buffer): Promise<string> =>
  signNote(checkpointText({ origin: log.origin, size, root }), [log.signer]);
