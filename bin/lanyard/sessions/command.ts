import { askAll, type Bound, type Query, type Read } from "../deployment/ask.ts";
import type { Profile } from "../deployment/profile.ts";
import { type Terminal, Usage } from "../terminal/outcome.ts";
import type { ListOptions } from "../terminal/output.ts";
import { limitOf, showList } from "../terminal/output.ts";
import { sinceMillis } from "../terminal/since.ts";
import { count, short } from "../terminal/words.ts";
import { readSession, type Session } from "./shapes.ts";
import { runStory } from "./story.ts";
import { treeLines } from "./tree.ts";
import { epochOf, scopesOf } from "./words.ts";

/** Options of `sessions`. */
export interface SessionsOptions extends ListOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly root?: string;
  readonly tree?: boolean;
  readonly dead?: boolean;
  /** Only those that began since. */
  readonly since?: string;
}

/** `sessions`: living ones of an agent, principal, build or tree, or all; `sessions <id>`: one's whole story. @throws Usage, Refused */
export async function runSessions(
  sid: string | undefined,
  options: SessionsOptions,
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const { agent, principal, build, root, tree = false, dead = false, since } = options;
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
  const from = since === undefined ? 0 : sinceMillis(since, Date.now()) / 1000;
  const bound = { limit: limitOf(options.limit), keep: (session: Session) => session.createdAtSeconds >= from };
  const read = await (whole ? wholeTrees : ofQuery)({ ...query, ...deadToo(dead) }, bound, profile, terminal);
  show(read, options, terminal);
}

const deadToo = (dead: boolean): Query => (dead ? { dead: "true" } : {});

/** An agent may be given by its name alone. */
const agentId = (agent: string, { trustDomain }: Profile): string =>
  agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}`;

type Sessions = Pick<Read<Session>, "items" | "more">;

const ofQuery = (query: Query, bound: Bound<Session>, profile: Profile, terminal: Terminal): Promise<Read<Session>> =>
  askAll(profile, "sessions", query, readSession, terminal, bound);

/**
 * A session may hang below one that was not asked for: its tree shows where it stands. Trees come with the list; one too
 * large for any page is asked for alone, and one with several of the sessions may stand on several pages.
 */
async function wholeTrees(
  query: Query,
  bound: Bound<Session>,
  profile: Profile,
  terminal: Terminal,
): Promise<Sessions> {
  const { limit = Number.POSITIVE_INFINITY } = bound;
  const { items, pages, more } = await ofQuery({ ...query, tree: "true" }, bound, profile, terminal);
  const cut = new Set(pages.flatMap((page) => (Array.isArray(page.cut) ? page.cut.map(String) : [])));
  const trees = [...items];
  for (const root of cut) {
    if (trees.length >= limit) break;
    const tree = { root, ...(query.dead === undefined ? {} : { dead: query.dead }) };
    trees.push(...(await ofQuery(tree, bound, profile, terminal)).items);
  }
  const once = [...new Map(trees.map((session) => [session.sid, session])).values()];
  return { items: once.slice(0, limit), more: more || once.length > limit || (cut.size > 0 && once.length >= limit) };
}

function show({ items, more }: Sessions, { tree, root, ...options }: SessionsOptions, terminal: Terminal): void {
  const now = Math.floor(Date.now() / 1000);
  const shape = shapeOf(now);
  const list = { name: "sessions", items, more, rows: items, shape, id: ({ sid }: Session) => sid };
  showList(list, options, terminal, (rows) => {
    if (items.length === 0) return terminal.out("there are no such sessions now");
    const asTree = tree === true || root !== undefined;
    const trees = () => [...Map.groupBy(items, (one) => one.root).values()].flatMap((each) => treeLines(each, now));
    for (const line of asTree ? trees() : rows) terminal.out(line);
    const over = items.filter(({ live }) => !live).length;
    terminal.out(`${count(items.length - over, "living session")}${over > 0 ? `, ${over} over` : ""}`);
  });
}

const shapeOf = (now: number) => [
  { title: "SESSION", of: (session: Session) => session.sid, whole: true as const },
  { title: "AGENT", of: (session: Session) => short(session.agent) },
  { title: "FOR", of: (session: Session) => short(session.principal.id) },
  { title: "HOP", of: (session: Session) => String(session.depth) },
  { title: "SCOPES", of: scopesOf },
  { title: "PURPOSE", of: (session: Session) => session.purpose ?? "" },
  { title: "STANDING", of: (session: Session) => epochOf(session, now), least: 20 },
];
