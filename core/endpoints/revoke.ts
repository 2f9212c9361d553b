import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import { readAccessToken } from "../caller/access-handle.ts";
import {
  type AuthenticateDeps,
  authenticate,
  type Caller,
  callerSubjects,
  checkCaller,
  type Form,
  readForm,
  single,
} from "../caller/authenticate.ts";
import { verifyIdentityToken } from "../caller/identity-token.ts";
import { offerAddress } from "../caller/offer-handle.ts";
import { type OwnToken, verifyOwnToken } from "../caller/own-token.ts";
import { ownerOf, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds, type RateLimiter } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { currentAgent } from "../model/session.ts";
import type { Call, Reply } from "../model/wire.ts";
import { readLiveness } from "../session/liveness.ts";
import type { RevocationStore, RevocationWrite, SessionStore } from "../session/store.ts";

/** What revocation by agents needs. */
export interface RevokeDeps extends AuthenticateDeps, DenyDeps {
  readonly store: Pick<SessionStore, "readLiveness" | "readHandle">;
  readonly revocations: RevocationStore;
  readonly limiter: RateLimiter;
}

/** A request that was read, and who sent it. */
interface Asked {
  readonly form: Form;
  readonly caller: Caller;
  readonly audit: AuditContext;
}

/** What a request ends; nothing for a token that is unknown here (RFC 7009 2.2). */
type Ending = Pick<RevocationWrite, "tombstone" | "withdraw"> | "nothing";

/**
 * RFC 7009: an agent ends its own session, any session below it, and its own offers that were not redeemed. Everything
 * else is ended at `admin-revoke` (threat 12). `token` is a token of the session to end (signed or a handle; an expired
 * one still names its session), or an offer's handle. With parameter `session`, that session below the token's own is
 * ended instead. This list and the numbered steps below are the same list:
 *
 * 1. **read** the form
 * 2. **authenticate** the agent (`caller/authenticate.ts`)
 * 3. **take** from the agent's bucket of revocations
 * 4. **find** what the request would end, and check that it belongs to the agent
 * 5. **read liveness**: a revoked agent ends nothing, and what is over already is not ended again
 * 6. **write** tombstone, replay entry and record, in ONE transaction
 *
 * Ending one's own session denylists nothing: only an operator's revocation of a root denylists the person's token.
 * @returns 200 with an empty object on success, for unknown tokens, and for a session that is over already, which
 * writes nothing; `not_the_owner` for what belongs to somebody else, `token_not_revocable` for an identity token,
 * `rate_exceeded`
 */
export function createRevokeEndpoint(deps: RevokeDeps): (call: Call) => Promise<Reply> {
  return async (call) => {
    const audit = startAudit(call, "session.end", deps.clock);
    // 1. read
    const form = readForm(call, []);
    if (!form.ok) return deny(deps, form.error, audit);
    // 2. authenticate
    const caller = await authenticate(call, form.value, deps);
    if (!caller.ok) return deny(deps, caller.error, audit);
    const { agent, jkt, identity } = caller.value;
    audit.add({ agent, jkt, assurance: identity.assurance });
    audit.authenticated = true;
    // 3. take
    if (!(await deps.limiter.take(agent, limits.revocationsPerSecond, "revoke")))
      return deny(deps, { code: "rate_exceeded", agent, perSecond: limits.revocationsPerSecond }, audit);
    // 4. find
    const found = await find({ form: form.value, caller: caller.value, audit }, deps);
    // 5. read liveness
    const left = await stillToEnd(caller.value, found.ok ? found.value : "nothing", deps);
    if (!left.ok) return deny(deps, left.error, audit);
    if (!found.ok) return deny(deps, found.error, audit);
    // 6. write
    const written = await write(left.value, { caller: caller.value, audit }, deps);
    return written.ok ? done : deny(deps, written.error, audit);
  };
}

const done: Reply = { status: 200, contentType: "application/json", body: "{}" };

/**
 * A revoked agent loses this right too: its sessions are over already, and a thief of its key must not end further
 * work. The same batch tells whether the session is over already: to end it again would make publisher, transmitter and
 * every receiver work for nothing, as often as its agent likes (threat 34).
 * @returns what is left to end
 */
async function stillToEnd(caller: Caller, ending: Ending, deps: RevokeDeps): Promise<Result<Ending, Denial>> {
  const sid = ending === "nothing" ? undefined : ending.tombstone?.sid;
  const rows = await readLiveness(deps.store, {
    tombstones: sid === undefined ? [] : [sid],
    subjects: callerSubjects(caller),
  });
  if (!rows.complete || !rows.deployment) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
  const alive = checkCaller(rows, caller);
  if (!alive.ok) return alive;
  return ok(sid !== undefined && rows.tombstones.has(sid) ? "nothing" : ending);
}

async function find(asked: Asked, deps: RevokeDeps): Promise<Result<Ending, Denial>> {
  const { form, caller, audit } = asked;
  const text = single(form, "token");
  if (text === undefined) return err({ code: "parameter_missing", name: "token" });
  if (text.startsWith("lyo_")) return findOffer(text, caller, deps);
  const token = await anyKind(text, deps);
  if (!token) return nothingOrIdentity(text, caller, deps);
  const { root, sid, anc, principalId, actors } = token;
  const depth = sid === root ? 0 : anc.length + 1;
  audit.add({ principal: principalId, actors, session: { root, sid, anc, depth } });
  const below = single(form, "session");
  if (below !== undefined && below !== sid) return findBelow({ own: token, below }, asked, deps);
  // a session's actors are the agents of the sessions above it and its own; each may end what is below its own session
  if (!actors.includes(caller.agent)) return err(notTheOwner(token, sid));
  return ok({ tombstone: { root, sid, expiresAtSeconds: await lastSecond(root, sid, deps) } });
}

/** RFC 7009 2.2.1: an identity token ends only by expiry. A 200 would make its owner believe that it was ended. */
async function nothingOrIdentity(text: string, caller: Caller, deps: RevokeDeps): Promise<Result<Ending, Denial>> {
  const identity = await verifyIdentityToken(text, deps);
  if (!identity.ok) return ok("nothing");
  const owner = identity.value.jkt === caller.jkt ? undefined : { agent: identity.value.sub };
  return err(withOwner({ code: "token_not_revocable", kind: "identity" } as const, owner));
}

async function anyKind(text: string, deps: RevokeDeps): Promise<OwnToken | undefined> {
  const access = await readAccessToken(text, deps, { ignoreExpiry: true });
  if (access.ok) return access.value;
  const session = await verifyOwnToken(text, deps, { kind: "session", ignoreExpiry: true });
  return session.ok ? session.value : undefined;
}

async function findBelow(
  { own, below }: { readonly own: OwnToken; readonly below: string },
  { caller, audit }: Asked,
  deps: RevokeDeps,
): Promise<Result<Ending, Denial>> {
  if (own.agent !== caller.agent) return err(notTheOwner(own, own.sid));
  const session = await deps.revocations.readSession(own.root, below.slice(0, 22));
  const under = session && session.sid !== session.root && [session.root, ...session.anc].includes(own.sid);
  if (!session || !under) return err({ code: "not_the_owner", sid: below.slice(0, 22) });
  const { root, sid, anc, depth, actors } = session;
  audit.add({ session: { root, sid, anc, depth, parent: anc.at(-1) ?? root }, actors });
  return ok({ tombstone: { root, sid, expiresAtSeconds: session.expiresAtSeconds } });
}

/** An agent that shows a token bound to another agent's key must have stolen it (threat 41). */
const notTheOwner = (token: OwnToken, sid: string): Denial =>
  withOwner({ code: "not_the_owner", sid } as const, token.jkt === undefined ? undefined : ownerOf(token));

async function findOffer(handle: string, caller: Caller, deps: RevokeDeps): Promise<Result<Ending, Denial>> {
  const address = offerAddress(handle);
  const offer = address && (await deps.revocations.readOffer(address.root, address.handleHash));
  if (!address || !offer) return ok("nothing");
  if (currentAgent(offer.from) !== caller.agent) return err({ code: "not_the_owner", sid: offer.from.sid });
  // a redeemed offer has become a session, which is ended by a token of its own
  return ok(
    offer.redeemed || offer.withdrawn
      ? "nothing"
      : { withdraw: { ...address, expiresAtSeconds: offer.expiresAtSeconds } },
  );
}

/**
 * When a tombstone may expire: after the last possible end of what it ends; without a row, after the longest life there
 * is.
 */
async function lastSecond(root: string, sid: string, deps: RevokeDeps): Promise<number> {
  const session = await deps.revocations.readSession(root, sid);
  return session?.expiresAtSeconds ?? nowSeconds(deps.clock) + limits.sessionLifeMaxSeconds;
}

async function write(
  ending: Ending,
  { caller, audit }: Pick<Asked, "caller" | "audit">,
  deps: RevokeDeps,
): Promise<Result<void, Denial>> {
  if (ending === "nothing") return ok(undefined);
  const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const written = await deps.revocations.revoke({ ...ending, replayEntries: caller.entries, record });
  if (written.ok || written.error.kind === "offer_taken") return ok(undefined);
  return err({ code: "dpop_replayed" });
}
