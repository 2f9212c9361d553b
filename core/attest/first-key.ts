import { type ReplayEntry, replayKey } from "../model/replay/entry.ts";
import type { CommitConflict } from "../session/store.ts";
import type { Proven } from "./prove.ts";

/**
 * What an attestation consumes: challenge, proof and evidence. Evidence without a challenge belongs to the first key
 * that shows it (threat 16); where the registration allows a silent key to be replaced, an entry is kept for each key
 * that showed it.
 * @param nowSeconds when the evidence's owner was seen
 */
export function replayEntriesOf(
  { replayEntries, attested, registration }: Pick<Proven, "replayEntries" | "attested" | "registration">,
  nowSeconds: number,
): readonly ReplayEntry[] {
  const { evidenceEntry } = attested;
  if (evidenceEntry.owner === undefined) return replayEntries;
  const seen = replayEntries.map((m) => (m === evidenceEntry ? { ...m, seenAtSeconds: nowSeconds } : m));
  return registration.replacesKeyAfterSeconds === undefined ? seen : [...seen, shownBy(evidenceEntry)];
}

/**
 * The replay entries of an attestation when another key has shown the evidence before and the registration allows a
 * silent key to be replaced. A restarted workload has lost its key while its document is still valid. Only the silence
 * of the first key distinguishes that from theft, so while the first key attests no other gets in. A key that was
 * replaced can never take the document back: if it was still in use it is refused, and that rings.
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

/** Records that this key showed this document. */
const shownBy = ({ key, owner = "", expiresAtSeconds }: ReplayEntry): ReplayEntry => ({
  kind: "evidence",
  key: replayKey("evidence", "shown by", `${key} ${owner}`),
  owner,
  expiresAtSeconds,
});
