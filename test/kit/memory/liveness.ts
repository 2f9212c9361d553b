import type { PersonKey } from "../../../core/model/person-key.ts";
import type { Offer, Session } from "../../../core/model/session.ts";
import type { LivenessQuery, LivenessRows, RevocationEpoch } from "../../../core/session/store.ts";
import { rowKey } from "./rows.ts";

/** What the store holds, as far as a batch reads it. */
interface Held {
  readonly sessions: ReadonlyMap<string, Session>;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly people: ReadonlyMap<string, PersonKey>;
  readonly replayEntries: ReadonlyMap<string, unknown>;
  readonly confirmations: ReadonlyMap<string, number>;
  readonly tombstones: ReadonlyMap<string, unknown>;
  readonly epochs: ReadonlyMap<string, unknown>;
  readonly denylisted: ReadonlyMap<string, unknown>;
  readonly deployment: LivenessRows["deployment"] | undefined;
}

/** What one batch of liveness holds, as copies. */
export function rowsFor(query: LivenessQuery, held: Held, epochOf: (subject: string) => RevocationEpoch): LivenessRows {
  const { session: wanted } = query;
  const session = wanted && held.sessions.get(rowKey(wanted.root, wanted.sid));
  const offer = query.offer && held.offers.get(rowKey(query.offer.root, query.offer.handleHash));
  const personKey = held.people.get(query.person ?? "");
  const sids = [...query.tombstones, ...(wanted ? [wanted.sid] : [])];
  return {
    complete: true,
    ...(session ? { session: structuredClone(session) } : {}),
    ...(offer ? { offer: structuredClone(offer) } : {}),
    ...(query.replay !== undefined && held.replayEntries.has(query.replay) ? { isReplay: true } : {}),
    ...(query.owners
      ? {
          confirmedAtSeconds: new Map(
            query.owners.flatMap((id) => {
              const at = held.confirmations.get(id);
              return at === undefined ? [] : [[id, at] as const];
            }),
          ),
        }
      : {}),
    ...(personKey ? { personKey: structuredClone(personKey) } : {}),
    tombstones: new Set(sids.filter((sid) => held.tombstones.has(sid))),
    epochs: new Map(
      query.subjects.flatMap((subject) => {
        const there = held.epochs.has(subject) || held.denylisted.has(subject);
        return there ? [[subject, epochOf(subject)] as const] : [];
      }),
    ),
    ...(held.deployment ? { deployment: { ...held.deployment } } : {}),
  };
}
