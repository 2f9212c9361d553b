import type { OwnToken } from "../caller/own-token.ts";
import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Session } from "../model/session.ts";
import { resolveWanted, stillWithin } from "../narrow/grants.ts";
import type { SessionStore } from "../session/store.ts";
import { boundAll, checkDepth, type Plan, type PlanInput, pickLife, sessionBound } from "./plan.ts";
import type { TokenRequest } from "./request.ts";

/**
 * The rows that bound a child's renewal. Ends only move forward, so a row that was read too early can only be too
 * strict.
 */
export interface Above {
  readonly root?: Session;
  readonly parent?: Session;
}

/** Reads root and parent of a token's session; nothing for a root. */
export async function readAbove(token: OwnToken, store: Pick<SessionStore, "readSession">): Promise<Above> {
  const { root: rootSid, sid, anc } = token;
  if (sid === rootSid) return {};
  const parentSid = anc.at(-1) ?? rootSid;
  const read = (of: string) => store.readSession(rootSid, of);
  const [root, parent] = await Promise.all([read(rootSid), parentSid === rootSid ? undefined : read(parentSid)]);
  const above = parentSid === rootSid ? root : parent;
  return { ...(root ? { root } : {}), ...(above ? { parent: above } : {}) };
}

/**
 * A later end for a living session, and nothing else: same id, same key, same grants. Everything is checked again by
 * the present registry, and a session that no longer satisfies all of it is not renewed. The new end is never beyond
 * the parent's (so beyond no ancestor's), nor beyond what the registrations of the root's agent and this agent allow,
 * counted from when each session began, nor beyond the bound of a downstream exchange.
 * @returns `parameter_invalid` for a request that names more than `lifetime_seconds` and for an earlier end,
 * `parameter_missing`, `renewal_refused`, `parent_dead`, `scope_exceeds`, `details_exceed`, `details_unmapped`,
 * `resource_unknown`, `scope_unknown`, `depth_exceeded`, `lifetime_exceeds`
 */
export function planRenewal(input: PlanInput, session: Session, above: Above): Result<Plan, Denial> {
  const { request, caller, registration, registry, nowSeconds } = input;
  const named = namedBeside(request);
  if (named) return err({ code: "parameter_invalid", name: named, why: "a renewal names lifetime_seconds alone" });
  if (request.lifetimeSeconds === undefined) return err({ code: "parameter_missing", name: "lifetime_seconds" });
  // the same key in other code: a grant to one build is not prolonged for another
  if (caller.identity.build !== session.build) return err({ code: "renewal_refused", why: "other code runs now" });
  const isRoot = session.sid === session.root;
  const root = isRoot ? session : above.root;
  if (!root || (!isRoot && !above.parent))
    return err({ code: "parent_dead", cause: { kind: "missing", sid: session.root } });
  const held = stillHeld(input, session, above.parent);
  if (!held.ok) return held;
  const rootAgent = registry.agent(root.actors[0] ?? "");
  const life = pickLife(
    request.lifetimeSeconds,
    request.lifetimeSeconds,
    (rootAgent ? root.createdAtSeconds + sessionBound(rootAgent) : 0) - nowSeconds,
    session.createdAtSeconds + sessionBound(registration) - nowSeconds,
    (above.parent?.expiresAtSeconds ?? Number.POSITIVE_INFINITY) - nowSeconds,
    (session.lastEndSeconds ?? Number.POSITIVE_INFINITY) - nowSeconds,
  );
  if (!life.ok) return life;
  const endsAtSeconds = nowSeconds + life.value;
  if (endsAtSeconds < session.expiresAtSeconds)
    return err({ code: "parameter_invalid", name: "lifetime_seconds", why: "the session lives longer already" });
  const { grants, principal, actors, depth } = session;
  const rest = above.parent ? { parent: above.parent } : {};
  const plan = { action: "renew", grants, lifeSeconds: life.value, principal, actors, depth } as const;
  return ok({ ...plan, endsAtSeconds, existing: session, ...rest });
}

/** The first parameter that would make the request more than a renewal. */
function namedBeside(request: TokenRequest): string | undefined {
  const { resources, scopes, details, purpose, maxUses } = request;
  if (resources.length > 0) return "resource";
  if (scopes.length > 0) return "scope";
  if (details.length > 0) return "authorization_details";
  if (purpose !== undefined) return "purpose";
  return maxUses === undefined ? undefined : "max_uses";
}

/** Checks that everything the session holds could still be granted now. */
function stillHeld(input: PlanInput, session: Session, parent: Session | undefined): Result<void, Denial> {
  const { registry } = input;
  const { grants, depth, actors } = session;
  const known = resolveWanted(
    {
      resources: grants.map((grant) => grant.resource),
      scopes: grants.flatMap((grant) => grant.scopes),
      details: grants.flatMap((grant) => grant.details),
    },
    registry,
  );
  if (!known.ok) return known;
  const bounded = boundAll(grants, input, session);
  if (!bounded.ok) return bounded;
  const given = parent ? stillGiven(session, parent, input) : ok(undefined);
  return given.ok ? checkDepth(depth, actors, registry) : given;
}

/**
 * Checks a child by the way it was made, and no other: a child of an offer within its parent, a child of a downstream
 * exchange by the scope mapping that gave it (`planFor` has checked that). If it were checked as the other kind, a
 * child of an exchange could outlive its mapping, or hold more than the mapping gives, wherever its parent holds the
 * same scope (threat 33).
 */
function stillGiven({ via, grants }: Session, parent: Session, { registry }: PlanInput): Result<void, Denial> {
  if (!via) return err({ code: "renewal_refused", why: "its row does not tell which way it came from its parent" });
  return via.kind === "offer" ? stillWithin(grants, { held: parent.grants, by: "parent" }, registry) : ok(undefined);
}
