import type { DeathCause } from "../../denial/death.ts";
import type { Denial } from "../../denial/denial.ts";
import { isLogin } from "../../model/login.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { ancestorsOf, currentAgent, type Grant, type Session } from "../../model/session.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { subjects } from "../../model/subjects.ts";
import { evaluateSession } from "../../session/liveness.ts";
import type { SessionQueries } from "./session-queries.ts";

/** A session with the verdict that its requests would get now. */
export interface Evaluated {
  readonly session: Session;
  /** Why it is over; absent while it lives. */
  readonly cause?: DeathCause;
}

/**
 * Evaluates sessions as every request evaluates its own: by tombstones, epochs, blocks and our own clock, never by TTL.
 * All their keys are read in one batch, or in several where they are many.
 * @returns in the same order, or `liveness_unavailable` when a row could not be read
 */
export async function evaluateAll(
  sessions: readonly Session[],
  queries: SessionQueries,
  nowSeconds: number,
): Promise<Result<readonly Evaluated[], Denial>> {
  if (sessions.length === 0) return ok([]);
  const names = new Set(sessions.flatMap((session) => Object.keys(session.epochs)));
  names.delete(subjects.deployment);
  const tombstones = new Set(sessions.flatMap((session) => [session.sid, ...ancestorsOf(session)]));
  const rows = await queries.readLiveness({ tombstones: [...tombstones], subjects: [...names] });
  if (!rows.complete || !rows.deployment) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
  return ok(
    sessions.map((session) => {
      const verdict = evaluateSession({ ...rows, session }, session.sid, nowSeconds);
      return verdict.ok ? { session } : { session, cause: verdict.error };
    }),
  );
}

/** The cause of a session's end in a sentence. */
function causeText(cause: DeathCause): string {
  switch (cause.kind) {
    case "expired":
      return `it expired at ${new Date(cause.atSeconds * 1000).toISOString()}`;
    case "tombstone":
      return `session ${cause.sid} was revoked or ended, and everything below it`;
    case "ended":
      return "it died while it was being issued; nothing of it was released";
    case "missing":
      return "its row is gone";
    case "generation":
      if (isLogin(cause.subject)) return "the login it was opened by was burnt, with another session of it";
      return `${cause.subject} was revoked after this session was issued`;
    case "blocked":
      return `${cause.subject} is blocked until an operator lifts it`;
    case "unconfirmed":
      return `${cause.subject}, who owns ${cause.owns}, has not signed in for as long as the registration lets it count`;
    case "burnt":
      return "the login it was opened by is burnt";
    case "taken_over":
      return `session ${cause.sid} was taken over by another key of its agent`;
    case "unreadable":
      return "it cannot be judged now, which counts as dead";
  }
}

const verdictOf = (cause: DeathCause | undefined) =>
  cause === undefined ? { live: true as const } : { live: false as const, why: { ...cause, text: causeText(cause) } };

/**
 * A session as an operator sees it in a list. It contains no token, key or raw identity of a person. `idle` names
 * agents of its chain that are not active now: the session lives, but `token` and `introspect` refuse it until they
 * are.
 */
export const sessionView = (registry: Pick<RegistrySnapshot, "agent">) => (evaluated: Evaluated) => {
  const idle = evaluated.session.actors.filter((id) => registry.agent(id)?.state !== "active");
  return { ...viewOf(evaluated), ...(idle.length > 0 ? { idle } : {}) };
};

/**
 * A grant without the contents of its details; the session's story shows those. Otherwise an agent could fill its
 * details until a page is too large to be answered, and so hide from operators.
 */
export const grantView = ({ resource, scopes, details }: Grant) => ({
  resource,
  scopes,
  ...(details.length > 0 ? { detailTypes: details.map(({ type }) => type) } : {}),
});

function viewOf({ session, cause }: Evaluated) {
  const { sid, root, depth, principal, actors, purpose, build, assurance } = session;
  const parent = ancestorsOf(session).at(-1);
  return {
    sid,
    root,
    ...(parent === undefined ? {} : { parent }),
    depth,
    agent: currentAgent(session),
    actors,
    principal: { id: principal.id, kind: principal.kind, ...(principal.groups ? { groups: principal.groups } : {}) },
    grants: session.grants.map(grantView),
    ...(purpose === undefined ? {} : { purpose }),
    assurance,
    ...(build === undefined ? {} : { build }),
    createdAtSeconds: session.createdAtSeconds,
    expiresAtSeconds: session.expiresAtSeconds,
    registryVersion: session.registryVersion,
    ...(session.uses ? { maxUses: session.uses.max } : {}),
    ...verdictOf(cause),
  };
}
