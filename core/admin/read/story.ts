import { limits } from "../../model/limits.ts";
import { err, ok } from "../../model/result.ts";
import { currentAgent, type Offer, type Session } from "../../model/session.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { evaluateAll, grantView, sessionView } from "./evaluated.ts";
import { givenView } from "./given.ts";
import type { Route } from "./route.ts";
import type { SessionQueries } from "./session-queries.ts";
import { chainOf, readWholeTree, type WholeTree } from "./whole-tree.ts";

/**
 * `GET /sessions/{sid}`: one session's whole story: its chain from the root, the verdict and its cause, what it holds,
 * its children, offers, handles and uses, what it was given at AWS, the place of its status bit, and who may end it.
 */
export const storyRoute: Route = {
  template: "/sessions/{sid}",
  pattern: /^\/sessions\/([A-Za-z0-9_-]{22})$/,
  parameters: [],
  async answer({ named: sid, nowSeconds }, deps) {
    const { queries } = deps;
    const root = (await queries.rootOf(sid)) ?? sid;
    // read by its own key, so that nobody can hide a session by filling its tree with offers
    const [session] = await queries.sessions([{ root, sid }]);
    if (!session) return err({ code: "not_found", path: `/sessions/${sid}` });
    const chain = await queries.sessions(chainOf(session).map((each) => ({ root, sid: each })));
    const tree = await readWholeTree(root, queries);
    const children = childrenOf(sid, tree.sessions).slice(0, limits.adminStoryItems);
    const evaluated = await evaluateAll([...chain, ...children], queries, nowSeconds);
    if (!evaluated.ok) return evaluated;
    const view = sessionView(await appliedRegistry(deps));
    const shown = evaluated.value.map((each) => view(each));
    const uses = await usesOf(session, queries);
    // by its own key too, so that nobody can hide a key of a session behind those of others
    const given = await queries.vends({ root, sid }, limits.adminStoryItems);
    return ok({
      session: {
        ...shown[chain.length - 1],
        grants: session.grants,
        ...(given.length > 0 ? { aws: givenView(given, limits.adminStoryItems) } : {}),
      },
      chain: shown.slice(0, chain.length),
      children: shown.slice(chain.length),
      ...below(session, tree, nowSeconds),
      ...(uses ? { uses } : {}),
      ...issuing(session),
      mayEnd: mayEnd(session),
    });
  },
};

/** The direct children of a session. */
const childrenOf = (sid: string, sessions: readonly Session[]): readonly Session[] =>
  sessions.filter((session) => chainOf(session).at(-2) === sid);

/** A session's own offers and handles, and how much is below it. */
function below({ sid }: Session, tree: WholeTree, nowSeconds: number) {
  const offers = tree.rows.flatMap((row) => (row.kind === "offer" && row.offer.from.sid === sid ? [row.offer] : []));
  const handles = tree.rows.flatMap((row) =>
    row.kind === "handle" && row.handle.claims.sid === sid ? [row.handle] : [],
  );
  const open = handles.filter(({ expiresAtSeconds }) => expiresAtSeconds > nowSeconds);
  const most = limits.adminStoryItems;
  return {
    descendants: tree.sessions.filter((each) => chainOf(each).slice(0, -1).includes(sid)).length,
    offers: offers.slice(0, most).map((offer) => offerView(offer, nowSeconds)),
    handles: open
      .slice(0, most)
      .map(({ claims: { aud, scope }, expiresAtSeconds }) => ({ resource: aud, scope, expiresAtSeconds })),
    // more than is listed, or than was read, so children, offers and handles are not all here
    cut: tree.cut || [offers, open, childrenOf(sid, tree.sessions)].some((all) => all.length > most),
  };
}

async function usesOf({ uses }: Session, queries: SessionQueries) {
  if (!uses) return undefined;
  const counted = await queries.usesLeft(uses.countedAt);
  return { max: uses.max, left: Math.min(...uses.countedAt.map((name) => counted.get(name) ?? 0)) };
}

/** What it was issued under, and the status list entry that standard verifiers read. */
const issuing = ({ epochs, status, formerStatus = [], delegationRules, login }: Session) => ({
  issuedUnder: epochs,
  status,
  formerStatus,
  ...(delegationRules ? { lending: delegationRules } : {}),
  opensWithPersonsToken: login !== undefined,
});

/** An offer without its handle. Only the handle's hash is stored, and it is not shown either. */
function offerView(
  { to, grants, createdAtSeconds, expiresAtSeconds, withdrawn, redeemed, maxUses, budget }: Offer,
  now: number,
) {
  const state = redeemed ? "redeemed" : withdrawn ? "withdrawn" : expiresAtSeconds <= now ? "expired" : "open";
  return {
    to,
    state,
    ...(redeemed ? { by: redeemed.sid } : {}),
    grants: grants.map(grantView),
    createdAtSeconds,
    expiresAtSeconds,
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(budget ? { budget } : {}),
  };
}

/** Who may end it: its own agent, the agents above it, and operators (RFC 7009). */
const mayEnd = (session: Session) => ({
  agents: [...new Set([currentAgent(session), ...session.actors])],
  operators: "whoever IAM lets call admin-revoke",
});
