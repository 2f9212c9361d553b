import type { AuditRecord } from "../../../core/audit/record.ts";
import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import type { Offer, Session } from "../../../core/model/session.ts";
import type { Commit, CommitConflict } from "../../../core/session/store.ts";
import { replayConflict } from "./replay.ts";
import { isAsRead, rowKey } from "./rows.ts";
import { takeOverConflict } from "./take-over.ts";
import { isWritten } from "./written.ts";

/** What the conditions of a transaction are about. */
interface Held {
  readonly sessions: Map<string, Session>;
  readonly offers: Map<string, Offer>;
  readonly counters: ReadonlyMap<string, number>;
  readonly people: ReadonlyMap<string, unknown>;
  readonly replayEntries: Map<string, ReplayEntry>;
  readonly records: readonly AuditRecord[];
}

/** Which condition of a transaction fails, as the store is now; undefined where all hold. */
export function conflictOf(write: Commit, store: Held, nowSeconds: number): CommitConflict | undefined {
  const { session, redeem, renew } = write;
  const used = replayConflict(store.replayEntries, write.replayEntries);
  if (used) return used;
  if (session && store.sessions.has(rowKey(session.root, session.sid))) return { kind: "session_exists" };
  if (write.personKey && store.people.has(write.personKey.person)) return { kind: "person_key_exists" };
  if (isWritten(write.record, store.records)) throw new Error("a record of this id exists");
  if ((write.counters ?? []).some(({ name }) => store.counters.has(name))) throw new Error("this counter exists");
  const renewed = renew && store.sessions.get(rowKey(renew.root, renew.sid));
  if (renew && !(renewed && isAsRead(renewed, renew, nowSeconds))) return { kind: "renewed_meanwhile" };
  const taken = takeOverConflict(write.takeOver, store);
  if (taken) return taken;
  if (!redeem) return undefined;
  const offer = store.offers.get(rowKey(redeem.root, redeem.handleHash));
  const open = offer && !offer.redeemed && !offer.withdrawn && offer.expiresAtSeconds > nowSeconds;
  return open ? undefined : { kind: "offer_taken" };
}
