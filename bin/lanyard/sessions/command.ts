import { askAll, type ListAnswer, type Query } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { Usage } from "../terminal/outcome.ts";
import type { ListOptions } from "../terminal/output.ts";
import { limitOf, showList } from "../terminal/output.ts";
import { sinceMillis } from "../terminal/since.ts";
import { count, short } from "../terminal/words.ts";
import { readSession, type Session } from "./shapes.ts";
import { runStory } from "./story.ts";
import { treeLines } from "./tree.ts";
import { scopesOf, stateOf } from "./words.ts";

/** Options of `sessions`. */
export interface SessionsOptions extends ListOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly root?: string;
  readonly tree?: boolean;
  readonly dead?: boolean;
  /** Only sessions that began since this time. */
  readonly since?: string;
}

/**
 * `sessions`: lists living ones of an agent, principal, build or tree, or all; `sessions <id>` shows everything about
 * one. @throws Usage, Refused
 */
export async function runSessions(
  sid: string | undefined,
  options: SessionsOptions,
  context: CommandContext,
): Promise<void> {
  const { trustDomain } = context.profile;
  const { agent, principal, build, root, tree = false, dead = false, since } = options;
  const given = Object.entries({ agent, principal, build, root }).filter(([, value]) => value !== undefined);
  if (given.length + (sid === undefined ? 0 : 1) > 1)
    throw new Usage("name at most one of a session's id, --agent, --principal, --build, --root");
  if (sid !== undefined) return runStory(sid, options, context);
  const [kind] = given[0] ?? [];
  if (kind === undefined && dead) throw new Usage("--dead needs --agent, --principal, --build or --root");
  const id = agent === undefined ? (principal ?? build ?? root) : agentId(agent, trustDomain);
  // a tree that is drawn says what its sessions were given at AWS, which a list does not ask for
  const drawn: Query = tree && kind === undefined ? { tree: "true" } : {};
  const query = kind === undefined ? { deployment: trustDomain, ...drawn } : { [kind]: id };
  // for all sessions, or with a root, the list contains whole trees already
  const whole = tree && kind !== undefined && kind !== "root";
  const from = since === undefined ? 0 : sinceMillis(since, Date.now()) / 1000;
  const bound = { limit: limitOf(options.limit), keep: (session: Session) => session.createdAtSeconds >= from };
  const read = await (whole ? wholeTrees : ofQuery)({ ...query, ...deadToo(dead) }, bound, context);
  show(read, options, context);
}

const deadToo = (dead: boolean): Query => (dead ? { dead: "true" } : {});

/** An agent may be given by its name alone. */
const agentId = (agent: string, trustDomain: string): string =>
  agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}`;

/** How many sessions are read, and which are kept. */
interface Bound {
  readonly limit: number;
  keep(session: Session): boolean;
}

type Sessions = Pick<ListAnswer<Session>, "items" | "more">;

const ofQuery = (query: Query, bound: Bound, context: CommandContext): Promise<ListAnswer<Session>> =>
  askAll(context, { path: "sessions", query, read: readSession, ...bound });

/**
 * Reads the whole trees of sessions, since a session's parent may not be among those asked for. Trees come with the
 * list. One too large for any page is read separately, and one with several of the sessions may be on several pages.
 */
async function wholeTrees(query: Query, bound: Bound, context: CommandContext): Promise<Sessions> {
  const { limit } = bound;
  const { items, pages, more } = await ofQuery({ ...query, tree: "true" }, bound, context);
  const cut = new Set(pages.flatMap((page) => (Array.isArray(page.cut) ? page.cut.map(String) : [])));
  const trees = [...items];
  for (const root of cut) {
    if (trees.length >= limit) break;
    const tree = { root, ...(query.dead === undefined ? {} : { dead: query.dead }) };
    trees.push(...(await ofQuery(tree, bound, context)).items);
  }
  const once = [...new Map(trees.map((session) => [session.sid, session])).values()];
  return { items: once.slice(0, limit), more: more || once.length > limit || (cut.size > 0 && once.length >= limit) };
}

function show(
  { items, more }: Sessions,
  { tree, root, ...options }: SessionsOptions,
  { terminal }: CommandContext,
): void {
  const now = Math.floor(Date.now() / 1000);
  const shape = shapeOf(now);
  const forPeople = (rows: readonly string[]) => {
    if (items.length === 0) return ["there are no such sessions now"];
    const asTree = tree === true || root !== undefined;
    const trees = () => [...Map.groupBy(items, (one) => one.root).values()].flatMap((each) => treeLines(each, now));
    const over = items.filter(({ live }) => !live).length;
    const counted = `${count(items.length - over, "living session")}${over > 0 ? `, ${over} over` : ""}`;
    return [...(asTree ? trees() : rows), counted];
  };
  const list = { name: "sessions", items, more, rows: items, shape, id: ({ sid }: Session) => sid };
  showList({ ...list, forPeople }, options, terminal);
}

const shapeOf = (now: number) => [
  { title: "SESSION", of: (session: Session) => session.sid, whole: true as const },
  { title: "AGENT", of: (session: Session) => short(session.agent) },
  { title: "FOR", of: (session: Session) => short(session.principal.id) },
  { title: "HOP", of: (session: Session) => String(session.depth) },
  { title: "SCOPES", of: scopesOf },
  { title: "PURPOSE", of: (session: Session) => session.purpose ?? "" },
  { title: "STANDING", of: (session: Session) => stateOf(session, now), least: 20 },
];
