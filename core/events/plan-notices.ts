import { type Clock, nowSeconds } from "../model/ports.ts";
import { subjects } from "../model/subjects.ts";
import { epochOf } from "../session/liveness.ts";
import type { Notice } from "./messages.ts";
import { ownedBy } from "./owned.ts";
import { type ReachStore, reach } from "./reach.ts";
import type { Revoked } from "./revoked.ts";
import { siblingsOf } from "./siblings.ts";
import { isRevoked, type RevocationDeps, revocationsOf } from "./still-revoked.ts";

/** What planning notices needs. */
export interface PlanDeps extends RevocationDeps {
  readonly issuer: string;
  readonly clock: Clock;
  readonly store: ReachStore & RevocationDeps["store"];
}

/**
 * Turns a revocation into notices, one for each receiver and subject. The message is only a hint: a revocation that the
 * tables Tombstones and Revocations do not confirm is told to nobody, no matter who wrote the message (threat 23).
 */
export async function planNotices(revoked: Revoked, deps: PlanDeps): Promise<readonly Notice[]> {
  const { rows, registry } = await revocationsOf(revoked, deps);
  if (!isRevoked(revoked, rows)) return [];
  const { kind, id } = revoked;
  const epoch = kind === "session" || kind === "deployment" ? 0 : epochOf(rows, subjects[kind](id)).epoch;
  const now = nowSeconds(deps.clock);
  const { receivers } = registry;
  if (receivers.length === 0) return [];
  const owned = kind === "principal" ? ownedBy(id, registry) : [];
  const notices: Notice[] = [];
  for (const one of [revoked, ...(await siblingsOf(revoked, deps.store, now))]) {
    const question = { issuer: deps.issuer, revoked: one, epoch, receivers, owned, nowSeconds: now };
    const found = await reach(question, deps.store);
    for (const { name } of found.receivers)
      for (const subject of found.subjects)
        notices.push({ receiver: name, about: { revoked: one, subject }, uid: one.uid, issuedAtSeconds: now });
  }
  return notices;
}
