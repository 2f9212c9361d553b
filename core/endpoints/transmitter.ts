import { type EventSecret, type Outcome, type Pusher, readOutcome } from "../events/push.ts";
import { type ReachStore, reach } from "../events/reach.ts";
import type { Revoked } from "../events/revoked.ts";
import { eventTyp, type SubjectId, sessionRevoked, verification } from "../events/security-event.ts";
import { diedWithLogin, siblingsOf } from "../events/siblings.ts";
import { signJwt } from "../jose/sign.ts";
import type { Clock, Signer } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import type { ReceiverRegistration } from "../model/registry.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { epochOf, subjects } from "../session/liveness.ts";
import type { LivenessRows, SessionStore } from "../session/store.ts";

/** What one receiver is to be told, on its way through the queue. */
export interface Notice {
  readonly receiver: string;
  /** Absent for a verification event. */
  readonly about?: { readonly revoked: Revoked; readonly subject: SubjectId };
  readonly uid: string;
  readonly issuedAtSeconds: number;
}

/** What transmitting stands on. */
export interface TransmitDeps {
  readonly issuer: string;
  readonly clock: Clock;
  readonly registries: Pick<RegistrySource, "at">;
  readonly store: ReachStore & Pick<SessionStore, "readLiveness">;
  /** The keys of security events. */
  readonly signer: Signer;
  readonly pusher: Pusher;
  /** What a receiver wants to be shown, by the name its registration gives. */
  readonly secret: (secretName: string) => Promise<EventSecret | undefined>;
}

/**
 * Turns a revocation into notices, one a receiver and subject. The record that told of it is a hint: what is not
 * revoked by the tables Tombstones and Revocations is told to nobody, whoever wrote the message.
 */
export async function planNotices(revoked: Revoked, deps: TransmitDeps): Promise<readonly Notice[]> {
  const { rows, registry } = await standing(revoked, deps);
  if (!isRevoked(revoked, rows)) return [];
  const { kind, id } = revoked;
  const generation = kind === "session" || kind === "deployment" ? 0 : epochOf(rows, subjects[kind](id)).generation;
  const now = nowSeconds(deps.clock);
  const { receivers } = registry;
  if (receivers.length === 0) return [];
  const notices: Notice[] = [];
  for (const one of [revoked, ...(await siblingsOf(revoked, deps.store, now))]) {
    const question = { issuer: deps.issuer, revoked: one, generation, receivers, nowSeconds: now };
    const found = await reach(question, deps.store);
    for (const { name } of found.receivers)
      for (const subject of found.subjects)
        notices.push({ receiver: name, about: { revoked: one, subject }, uid: one.uid, issuedAtSeconds: now });
  }
  return notices;
}

/**
 * Signs one notice and pushes it to its receiver (RFC 8935), by the registry as it stands now.
 * @returns `done`; `again` when a repetition may help; `refused` when a person has to look
 */
export async function transmit(notice: Notice, deps: TransmitDeps): Promise<Outcome> {
  const { rows, registry } = await standing(notice.about?.revoked, deps);
  const receiver = registry.receivers.find(({ name }) => name === notice.receiver);
  if (!receiver) return { kind: "done", why: "the receiver is registered no longer" };
  if (notice.about && !isRevoked(notice.about.revoked, rows) && !(await isSibling(notice.about.revoked, deps)))
    return { kind: "refused", why: "nothing of the kind is revoked" };
  const shown = await secretFor(receiver, deps);
  if (typeof shown === "string") return { kind: "refused", why: shown };
  const claims = claimsOf(notice, receiver, deps.issuer);
  // receivers must take RS256 and need take nothing else (CAEP interoperability profile)
  const header = { typ: eventTyp, alg: "RS256" } as const;
  const { token } = await signJwt(deps.signer, header, { ...claims }, notice.uid);
  return readOutcome(await deps.pusher.push(receiver.endpoint, token, shown.authorization));
}

/**
 * Whoever may change the registry moves an endpoint; the secret does not follow, or a row would have it sent to a host of
 * one's own (threat 46).
 * @returns what to show, or why nothing may be sent
 */
async function secretFor(
  { authorizationSecret: name, endpoint }: ReceiverRegistration,
  { secret }: TransmitDeps,
): Promise<{ readonly authorization?: string } | string> {
  if (name === undefined) return {};
  const held = await secret(name);
  if (!held) return "its secret is missing";
  return held.origin === new URL(endpoint).origin ? held : "its secret belongs to another origin";
}

function claimsOf({ about, uid, issuedAtSeconds }: Notice, receiver: ReceiverRegistration, issuer: string) {
  const to = { issuer, receiver: receiver.name, audience: receiver.audience, issuedAtSeconds };
  return about ? sessionRevoked(about.revoked, { ...to, subject: about.subject }) : verification(uid, to);
}

/** The registry's version and what is revoked, in one strongly consistent batch. */
async function standing(
  revoked: Revoked | undefined,
  deps: TransmitDeps,
): Promise<{ readonly rows: LivenessRows; readonly registry: RegistrySnapshot }> {
  const named = revoked && revoked.kind !== "session" && revoked.kind !== "deployment";
  const rows = await deps.store.readLiveness({
    tombstones: revoked?.kind === "session" ? [revoked.id] : [],
    subjects: named ? [subjects[revoked.kind as "agent"](revoked.id)] : [],
  });
  if (!rows.complete || !rows.deployment) throw new Error("what is revoked stayed unread");
  return { rows, registry: await deps.registries.at(rows.deployment.registryVersion) };
}

/** A session without a tombstone of its own may have died with its login. */
const isSibling = async ({ kind, id }: Revoked, deps: TransmitDeps): Promise<boolean> =>
  kind === "session" && diedWithLogin(id, deps.store);

/**
 * Whether the table says so too. Counters never go back, so a cut of long ago must not be told as one of today: receivers
 * would end what was opened since.
 */
function isRevoked({ kind, id, atSeconds }: Revoked, rows: LivenessRows): boolean {
  if (kind === "session") return rows.tombstones.has(id);
  const subject = kind === "deployment" ? subjects.deployment : subjects[kind](id);
  const { generation, cutAtSeconds = 0 } = epochOf(rows, subject);
  return generation > 0 && atSeconds <= cutAtSeconds;
}
