import type { DeathCause } from "../denial/death.ts";
import { err, ok, type Result } from "../model/result.ts";
import { ancestorsOf, type Session } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import type { LivenessQuery, LivenessRows, RevocationEpoch, SessionStore } from "./store.ts";

/**
 * The query for a session that is known by a token's claims or by its row: everything that can end it, in one batch.
 */
export function queryFor(session: {
  readonly root: string;
  readonly sid: string;
  readonly anc: readonly string[];
  readonly actors: readonly string[];
  readonly principalId: string;
  /** Subjects of the logins its root was opened by. */
  readonly logins: readonly string[];
}): LivenessQuery {
  return {
    session: { root: session.root, sid: session.sid },
    tombstones: [session.sid, ...ancestorsOf(session)],
    subjects: [...session.actors.map(subjects.agent), subjects.principal(session.principalId), ...session.logins],
  };
}

/** Several queries as one; at most one of them names a session, one an offer, and one a person. */
export function mergeQueries(...queries: readonly LivenessQuery[]): LivenessQuery {
  const session = queries.find((q) => q.session)?.session;
  const offer = queries.find((q) => q.offer)?.offer;
  const person = queries.find((q) => q.person)?.person;
  const owners = queries.flatMap((q) => q.owners ?? []);
  return {
    ...(session ? { session } : {}),
    ...(offer ? { offer } : {}),
    ...(person === undefined ? {} : { person }),
    ...(owners.length > 0 ? { owners } : {}),
    tombstones: queries.flatMap((q) => q.tombstones),
    subjects: queries.flatMap((q) => q.subjects),
  };
}

/**
 * Reads liveness in one batch. A second one is needed only where the session's row names a subject that the caller
 * could not know (the build of an agent further up), since every subject that the session was issued under must be
 * read.
 */
export async function readLiveness(
  store: Pick<SessionStore, "readLiveness">,
  query: LivenessQuery,
): Promise<LivenessRows> {
  // the deployment's row is in every batch, under its own key
  const asked = new Set(query.subjects.filter((subject) => subject !== subjects.deployment));
  const rows = await store.readLiveness({ ...query, subjects: [...asked] });
  const issuedUnder = Object.keys(rows.session?.epochs ?? {});
  const unread = issuedUnder.filter((subject) => subject !== subjects.deployment && !asked.has(subject));
  if (!rows.complete || unread.length === 0) return rows;
  return store.readLiveness({ ...query, subjects: [...asked, ...unread] });
}

/** The revocation epoch of a subject; a row that does not exist means epoch 0 and not blocked. */
export function epochOf(rows: LivenessRows, subject: string): RevocationEpoch {
  if (subject === subjects.deployment) return rows.deployment ?? { epoch: 0, blocked: true };
  return rows.epochs.get(subject) ?? { epoch: 0, blocked: false };
}

/** The first of `names` that an operator has blocked; the deployment is always checked. */
export function blockedAmong(rows: LivenessRows, names: readonly string[]): string | undefined {
  return [subjects.deployment, ...names].find((subject) => epochOf(rows, subject).blocked);
}

/** The first subject whose epoch is no longer the one it was issued under. */
export function raisedSince(rows: LivenessRows, issuedUnder: Readonly<Record<string, number>>): string | undefined {
  return Object.keys(issuedUnder).find((subject) => epochOf(rows, subject).epoch !== issuedUnder[subject]);
}

/**
 * Whether a session is alive by one liveness read: its row is there and not ended, not expired by our own clock
 * (DynamoDB deletes expired rows days late), no tombstone on it or above it, nothing blocked, every epoch unchanged. No
 * clock is compared with the time of a revocation (threat 5).
 * @param rows what {@link readLiveness} returned for this session
 * @param sid id of the session
 */
export function evaluateSession(rows: LivenessRows, sid: string, nowSeconds: number): Result<Session, DeathCause> {
  if (!rows.complete || !rows.deployment) return err({ kind: "unreadable" });
  const session = rows.session;
  if (!session || session.sid !== sid) return err({ kind: "missing", sid });
  if (session.ended) return err({ kind: "ended", sid });
  const dead = [session.sid, ...ancestorsOf(session)].find((id) => rows.tombstones.has(id));
  if (dead !== undefined) return err({ kind: "tombstone", sid: dead });
  const names = Object.keys(session.epochs);
  const blocked = blockedAmong(rows, names);
  if (blocked !== undefined) return err({ kind: "blocked", subject: blocked });
  const raised = raisedSince(rows, session.epochs);
  if (raised !== undefined) return err({ kind: "generation", subject: raised });
  if (session.expiresAtSeconds <= nowSeconds) return err({ kind: "expired", atSeconds: session.expiresAtSeconds });
  return ok(session);
}

/** Epochs as they stand now, to be recorded with what is issued. */
export function epochsNow(rows: LivenessRows, names: readonly string[]): Record<string, number> {
  return Object.fromEntries([subjects.deployment, ...names].map((subject) => [subject, epochOf(rows, subject).epoch]));
}
