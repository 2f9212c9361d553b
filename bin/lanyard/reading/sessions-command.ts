import { type Terminal, Usage } from "../outcome.ts";
import type { Profile } from "../profile.ts";
import { table } from "../table.ts";
import type { LookOptions } from "./agents-command.ts";
import { askAll, type Query } from "./ask.ts";
import { type Session, shapes } from "./shapes.ts";
import { runStory } from "./story-command.ts";
import { treeLines } from "./tree.ts";
import { count, scopesOf, short, standingOf } from "./words.ts";

/** Options of `sessions`. */
export interface SessionsOptions extends LookOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly root?: string;
  readonly tree?: boolean;
  readonly dead?: boolean;
}

/** `sessions`: living ones of an agent, principal, build or tree, or all; `sessions <id>`: one's whole story. @throws Usage, Refused */
export async function runSessions(
  sid: string | undefined,
  options: SessionsOptions,
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const { agent, principal, build, root, tree = false, dead = false, json } = options;
  const given = Object.entries({ agent, principal, build, root }).filter(([, value]) => value !== undefined);
  if (given.length + (sid === undefined ? 0 : 1) > 1)
    throw new Usage("name at most one of a session's id, --agent, --principal, --build, --root");
  if (sid !== undefined) return runStory(sid, options, profile, terminal);
  const [kind] = given[0] ?? [];
  if (kind === undefined && dead) throw new Usage("--dead needs --agent, --principal, --build or --root");
  const id = agent === undefined ? (principal ?? build ?? root) : agentId(agent, profile);
  const query = kind === undefined ? { deployment: profile.trustDomain } : { [kind]: id };
  // of everybody every tree is whole already, and so is the one that a root names
  const whole = tree && kind !== undefined && kind !== "root";
  const sessions = await (whole ? wholeTrees : ofQuery)({ ...query, ...deadToo(dead) }, profile, terminal);
  if (json) terminal.out(JSON.stringify({ ok: true, sessions }));
  else show(sessions, tree || root !== undefined, terminal);
}

const deadToo = (dead: boolean): Query => (dead ? { dead: "true" } : {});

/** An agent may be given by its name alone. */
export const agentId = (agent: string, { trustDomain }: Profile): string =>
  agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}`;

const ofQuery = async (query: Query, profile: Profile, terminal: Terminal): Promise<readonly Session[]> =>
  (await askAll(profile, "sessions", query, shapes.session, terminal)).items;

/**
 * A session may hang below one that was not asked for: its tree shows where it stands. Trees come with the list; one too
 * large for any page is asked for alone, and one with several of the sessions may stand on several pages.
 */
async function wholeTrees(query: Query, profile: Profile, terminal: Terminal): Promise<readonly Session[]> {
  const { items, pages } = await askAll(profile, "sessions", { ...query, tree: "true" }, shapes.session, terminal);
  const cut = new Set(pages.flatMap((page) => (Array.isArray(page.cut) ? page.cut.map(String) : [])));
  const trees = [...items];
  for (const root of cut)
    trees.push(
      ...(await ofQuery({ root, ...(query.dead === undefined ? {} : { dead: query.dead }) }, profile, terminal)),
    );
  return [...new Map(trees.map((session) => [session.sid, session])).values()];
}

function show(sessions: readonly Session[], asTree: boolean, terminal: Terminal): void {
  const now = Math.floor(Date.now() / 1000);
  if (sessions.length === 0) {
    terminal.out("there are no such sessions now");
    return;
  }
  const lines = asTree
    ? [...Map.groupBy(sessions, ({ root }) => root).values()].flatMap((tree) => treeLines(tree, now))
    : table(sessions, shapeOf(now), terminal.columns);
  for (const line of lines) terminal.out(line);
  const over = sessions.filter(({ live }) => !live).length;
  terminal.out(`${count(sessions.length - over, "living session")}${over > 0 ? `, ${over} over` : ""}`);
}

const shapeOf = (now: number) => [
  { title: "SESSION", of: (session: Session) => session.sid, whole: true as const },
  { title: "AGENT", of: (session: Session) => short(session.agent) },
  { title: "FOR", of: (session: Session) => short(session.principal.id) },
  { title: "HOP", of: (session: Session) => String(session.depth) },
  { title: "SCOPES", of: scopesOf },
  { title: "PURPOSE", of: (session: Session) => session.purpose ?? "" },
  { title: "STANDING", of: (session: Session) => standingOf(session, now), least: 20 },
];
