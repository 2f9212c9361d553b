import { signJwt } from "../jose/sign.ts";
import { limits } from "../model/limits.ts";
import type { Signer } from "../model/ports.ts";
import type { ReceiverRegistration } from "../model/registry.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { Notice } from "./messages.ts";
import { ownedBy } from "./owned.ts";
import { type EventSecret, type Outcome, type Pusher, readOutcome } from "./push.ts";
import type { ReachStore } from "./reach.ts";
import type { Revoked } from "./revoked.ts";
import { eventTyp, sessionRevoked, verification } from "./security-event.ts";
import { diedWithLogin } from "./siblings.ts";
import { isRevoked, type RevocationDeps, revocationsOf } from "./still-revoked.ts";

/** What signing and pushing need. */
export interface TransmitDeps extends RevocationDeps {
  readonly issuer: string;
  readonly store: ReachStore & RevocationDeps["store"];
  /** The keys of security events. */
  readonly signer: Signer;
  readonly pusher: Pusher;
  /** The secret of a receiver, by the name in its registration. */
  readonly secret: (secretName: string) => Promise<EventSecret | undefined>;
}

/**
 * Signs one notice and pushes it to its receiver (RFC 8935), by the present registry.
 * @returns `done`; `again` when repeating may help; `refused` when a person has to look at it
 */
export async function transmit(notice: Notice, deps: TransmitDeps): Promise<Outcome> {
  const { rows, registry } = await revocationsOf(notice.about?.revoked, deps);
  const receiver = registry.receivers.find(({ name }) => name === notice.receiver);
  if (!receiver) return { kind: "done", why: "the receiver is registered no longer" };
  if (notice.about && !isRevoked(notice.about.revoked, rows) && !(await isSibling(notice.about.revoked, deps)))
    return { kind: "refused", why: "nothing of the kind is revoked" };
  if (notice.about && !isOwned(notice.about, registry))
    return { kind: "refused", why: "the revoked person does not own what the event is about" };
  const shown = await secretFor(receiver, deps);
  if (typeof shown === "string") return { kind: "refused", why: shown };
  const claims = claimsOf(notice, receiver, deps.issuer);
  // every receiver must accept RS256, and need not accept anything else (CAEP interoperability profile)
  const as = { typ: eventTyp, alg: "RS256", joinId: notice.uid } as const;
  const { token } = await signJwt(deps.signer, as, { ...claims });
  return readOutcome(await deps.pusher.push(receiver.endpoint, token, shown.authorization));
}

/**
 * The secret of a receiver, if its endpoint has the secret's origin. Somebody who may change the registry can change
 * the endpoint; without this check, the secret would then be sent to a host of their choice (threat 46).
 * @returns the secret, or why nothing may be sent
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

/**
 * Whether an event about a revoked person's agents is about agents that this person owns: a message that names another
 * agent would have us sign that its sessions are over (threat 23). Of the whole deployment, whether they are too many.
 */
function isOwned(
  { revoked: { kind, id }, subject }: NonNullable<Notice["about"]>,
  registry: Pick<RegistrySnapshot, "agents" | "agentId">,
): boolean {
  if (kind !== "principal") return true;
  const { application, tenant } = subject as { application?: { uri?: string }; tenant?: unknown };
  if (application === undefined && tenant === undefined) return true;
  const owned = ownedBy(id, registry);
  return tenant === undefined ? owned.includes(application?.uri ?? "") : owned.length > limits.eventSubjects;
}

/** A session without a tombstone of its own may have ended with its login. */
const isSibling = async ({ kind, id }: Revoked, deps: TransmitDeps): Promise<boolean> =>
  kind === "session" && diedWithLogin(id, deps.store);
