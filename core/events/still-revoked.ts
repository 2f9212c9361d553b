import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { epochOf } from "../session/liveness.ts";
import type { LivenessRows, SessionStore } from "../session/store.ts";
import type { Revoked } from "./revoked.ts";

/** What is needed to decide whether something is revoked, and whom to tell. */
export interface RevocationDeps {
  readonly registries: Pick<RegistrySource, "at">;
  readonly store: Pick<SessionStore, "readLiveness">;
}

/** The registry's version and what is revoked, in one strongly consistent batch. */
export async function revocationsOf(
  revoked: Revoked | undefined,
  deps: RevocationDeps,
): Promise<{ readonly rows: LivenessRows; readonly registry: RegistrySnapshot }> {
  const named = revoked && revoked.kind !== "session" && revoked.kind !== "deployment";
  const rows = await deps.store.readLiveness({
    tombstones: revoked?.kind === "session" ? [revoked.id] : [],
    subjects: named ? [subjects[revoked.kind as "agent"](revoked.id)] : [],
  });
  if (!rows.complete || !rows.deployment) throw new Error("what is revoked stayed unread");
  return { rows, registry: await deps.registries.at(rows.deployment.registryVersion) };
}

/**
 * Whether the tables confirm the revocation. Counters never go back, so an old cut must not be reported as a new one:
 * receivers would end sessions that were opened since.
 */
export function isRevoked({ kind, id, atSeconds }: Revoked, rows: LivenessRows): boolean {
  if (kind === "session") return rows.tombstones.has(id);
  const subject = kind === "deployment" ? subjects.deployment : subjects[kind](id);
  const { epoch, cutAtSeconds = 0 } = epochOf(rows, subject);
  return epoch > 0 && atSeconds <= cutAtSeconds;
}
