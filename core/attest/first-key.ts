import { type ReplayEntry, replayKey } from "../model/replay-entry.ts";
import type { CommitConflict } from "../session/store.ts";
import type { Proven } from "./prove.ts";

/**
 * What an attestation consumes: challenge, proof and evidence. Evidence without a challenge belongs to the first key that
 * shows it (threat 16); where the registration lets a silent key be replaced, each key that showed it is kept as well.
 * @param nowSeconds when the evidence's owner was seen
 */
export function replayEntriesOf(
  { replayEntries, attested, registration }: Proven,
  nowSeconds: number,
): readonly ReplayEntry[] {
  const { evidenceEntry } = attested;
  if (evidenceEntry.owner === undefined) return replayEntries;
  const seen = replayEntries.map((m) => (m === evidenceEntry ? { ...m, seenAtSeconds: nowSeconds } : m));
  return registration.replacesKeyAfterSeconds === undefined ? seen : [...seen, shownBy(evidenceEntry)];
}

/**
 * What it consumes when another key has shown the evidence before and the registration lets a silent key be replaced: a
 * workload that started again has lost its key, and the document outlived it. Only the silence of the first key tells
 * that from a theft, so while that one attests nobody gets in. A key that has shown the document before never comes
 * back to it: whoever was replaced while it still lived is refused, and that rings.
 * @returns undefined where nothing may be replaced
 */
export function replacingEntries(proven: Proven, conflict: CommitConflict, nowSeconds: number) {
  const { replayEntries, attested, registration } = proven;
  const { evidenceEntry } = attested;
  const after = registration.replacesKeyAfterSeconds;
  const byAnother = conflict.kind === "replay" && conflict.entry === "evidence" && evidenceEntry.owner !== undefined;
  if (!byAnother || after === undefined) return undefined;
  const taking = { seenAtSeconds: nowSeconds, silentSinceSeconds: nowSeconds - after };
  return [
    ...replayEntries.map((m) => (m === evidenceEntry ? { ...m, ...taking } : m)),
    { ...shownBy(evidenceEntry), fresh: true as const },
  ];
}

/** That this key showed this document. */
const shownBy = ({ key, owner = "", expiresAtSeconds }: ReplayEntry): ReplayEntry => ({
  kind: "evidence",
  key: replayKey("evidence", "shown by", `${key} ${owner}`),
  owner,
  expiresAtSeconds,
});
