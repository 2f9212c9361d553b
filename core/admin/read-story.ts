import { err, ok } from "../result.ts";
import { currentAgent, type Offer, type Session } from "../session/model.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { judgeAll, sessionView } from "./judged.ts";
import type { Route } from "./read-route.ts";
import type { SessionQueries } from "./session-queries.ts";
import { byDepth, chainOf, readWholeTree, type WholeTree } from "./whole-tree.ts";

/**
 * `GET /sessions/{sid}`: one session's whole story: its chain from the root, the verdict and its cause, what it holds, its
 * children, offers, handles and uses, where its bit stands, and who may end it.
 */
export const storyRoute: Route = {
  template: "/sessions/{sid}",
  pattern: /^\/sessions\/([A-Za-z0-9_-]{22})$/,
  parameters: [],
  async answer({ named: sid, nowSeconds }, deps) {
    const { queries } = deps;
    const root = (await queries.rootOf(sid)) ?? sid;
    const tree = await readWholeTree(root, queries);
    const session = tree.sessions.find((each) => each.sid === sid);
    if (!session) return err({ code: "not_found", path: `/sessions/${sid}` });
    const shown = [...new Set([...chainOf(session), ...childrenOf(sid, tree.sessions).map((child) => child.sid)])];
    const told = tree.sessions.filter((each) => shown.includes(each.sid)).sort(byDepth);
    const judged = await judgeAll(told, queries, nowSeconds);
    if (!judged.ok) return judged;
    const view = sessionView(await appliedRegistry(deps));
    return ok(
      await story(
        session,
        judged.value.map((each) => view(each)),
        tree,
        queries,
        nowSeconds,
      ),
    );
  },
};

/** Sessions that hang right below one. */
const childrenOf = (sid: string, sessions: readonly Session[]): readonly Session[] =>
  sessions.filter((session) => chainOf(session).at(-2) === sid);

async function story(
  session: Session,
  shown: readonly ReturnType<ReturnType<typeof sessionView>>[],
  tree: WholeTree,
  queries: SessionQueries,
  nowSeconds: number,
) {
  const { sid } = session;
  const of = (wanted: readonly string[]) => shown.filter((each) => wanted.includes(each.sid));
  const children = childrenOf(sid, tree.sessions);
  const offers = tree.rows.flatMap((row) => (row.kind === "offer" && row.offer.from.sid === sid ? [row.offer] : []));
  const handles = tree.rows.flatMap((row) =>
    row.kind === "handle" && row.handle.claims.sid === sid && row.handle.expiresAtSeconds > nowSeconds
      ? [row.handle]
      : [],
  );
  const counted = session.uses ? await queries.usesLeft(session.uses.countedAt) : undefined;
  return {
    session: of([sid])[0],
    chain: of(chainOf(session)),
    children: of(children.map((child) => child.sid)),
    descendants: tree.sessions.filter((each) => chainOf(each).slice(0, -1).includes(sid)).length,
    offers: offers.map((offer) => offerView(offer, nowSeconds)),
    handles: handles.map(({ claims, expiresAtSeconds }) => ({
      resource: claims.aud,
      scope: claims.scope,
      expiresAtSeconds,
    })),
    ...(session.uses && counted
      ? {
          uses: {
            max: session.uses.max,
            left: Math.min(...session.uses.countedAt.map((name) => counted.get(name) ?? 0)),
          },
        }
      : {}),
    issuedUnder: session.generations,
    status: session.status,
    formerStatus: session.formerStatus ?? [],
    ...(session.lending ? { lending: session.lending } : {}),
    opensWithPersonsToken: session.personToken !== undefined,
    mayEnd: mayEnd(session),
    // a tree so large that a part of it was not read: its children and offers are then not all here
    cut: tree.cut,
  };
}

/** An offer without its handle, whose hash alone is known here, and which is nobody's business. */
function offerView(
  { to, grants, createdAtSeconds, expiresAtSeconds, withdrawn, redeemed, maxUses }: Offer,
  now: number,
) {
  const state = redeemed ? "redeemed" : withdrawn ? "withdrawn" : expiresAtSeconds <= now ? "expired" : "open";
  return {
    to,
    state,
    ...(redeemed ? { by: redeemed.sid } : {}),
    grants,
    createdAtSeconds,
    expiresAtSeconds,
    ...(maxUses === undefined ? {} : { maxUses }),
  };
}

/** Its own agent, the agents above it, and operators: nobody else (RFC 7009 with the owner's rights). */
const mayEnd = (session: Session) => ({
  agents: [...new Set([currentAgent(session), ...session.actors])],
  operators: "whoever IAM lets call admin-revoke",
});
