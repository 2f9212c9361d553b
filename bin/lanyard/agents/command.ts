import { ask, askAll } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { type ListOptions, limitOf, mustBeWhole, type OutputOptions, showList } from "../terminal/output.ts";
import { plain } from "../terminal/plain.ts";
import { table } from "../terminal/table.ts";
import { count, short } from "../terminal/words.ts";
import { type Ability, type Agent, readAgent, readWholeAgent, type WholeAgent } from "./shapes.ts";

/** `agents` lists every registered agent; `agents <name>` shows one, and what it can do by policy. @throws Refused */
export async function runAgents(
  name: string | undefined,
  options: AgentsOptions,
  context: CommandContext,
): Promise<void> {
  if (name !== undefined) return oneAgent(short(name), options, context);
  const query = options.orphaned ? { orphaned: "true" } : {};
  const limit = limitOf(options.limit);
  const { items, more } = await askAll(context, { path: "agents", read: readAgent, query, limit });
  const shape = [
    { title: "AGENT", of: (agent: Agent) => agent.name, whole: true },
    { title: "STATE", of: stateOf },
    { title: "OWNER", of: ownerOf },
    { title: "SPONSOR", of: (agent: Agent) => agent.sponsor },
  ] as const;
  const list = { name: "agents", items, more, rows: items, shape, id: (agent: Agent) => agent.name };
  showList(list, options, context.terminal);
}

const stateOf = ({ state, standing }: Agent): string =>
  [state, ...(standing.blocked ? ["BLOCKED"] : []), ...(standing.quarantined ? ["QUARANTINED"] : [])].join(", ");

/** Options of `agents`. */
export interface AgentsOptions extends ListOptions {
  readonly orphaned?: boolean;
}

/** The owner, and how that owner stands where it is not well; a text says itself that it is unverified. */
const ownerOf = ({ owner, ownerStanding }: Agent): string =>
  ownerStanding === "blocked" || ownerStanding === "unconfirmed" ? `${owner}, ${ownerStanding.toUpperCase()}` : owner;

async function oneAgent(name: string, options: OutputOptions, { profile, terminal }: CommandContext): Promise<void> {
  mustBeWhole(options);
  const answer = await ask(profile, `agents/${name.split("/").map(encodeURIComponent).join("/")}`);
  if (options.json) return terminal.out(JSON.stringify({ ok: true, ...answer }));
  const agent = readWholeAgent(answer);
  for (const line of head(agent)) terminal.out(plain(line));
  const lines = linesOf(agent.can);
  if (lines.length > 0) for (const line of table(lines, abilityShape, terminal.columns)) terminal.out(line);
  for (const { resource, scope } of agent.lentByNobody) terminal.out(plain(`${scope} at ${resource}: nobody lends it`));
  if (agent.cut) terminal.out("there are more combinations than are asked at a time; this is not all it can do");
}

const head = (agent: WholeAgent): readonly string[] => [
  `agent        ${agent.id}`,
  `state        ${stateOf(agent)}; cut ${count(agent.standing.generation, "time")}`,
  `owner        ${ownerOf(agent)}, sponsor ${agent.sponsor}`,
  ...(agent.ownerConfirmedUntilSeconds === undefined
    ? []
    : [`confirmed    until ${new Date(agent.ownerConfirmedUntilSeconds * 1000).toISOString()}`]),
  ...(agent.serves.length > 0 ? [`serves       ${agent.serves.join(" ")}`] : []),
  ...agent.getsNothingBecause.map((why) => `GETS NOTHING ${why}`),
  `can do       ${agent.standing.quarantined ? "in quarantine, " : ""}by the policies of registry version ${agent.version}:`,
];

/** One line of the table: a scope, for whom, what policies allow and refuse. */
interface AbilityLine {
  readonly scope: string;
  readonly whom: string;
  readonly can: string;
  readonly by: string;
}

const abilityShape = [
  { title: "SCOPE", of: (line: AbilityLine) => line.scope, whole: true },
  { title: "FOR", of: (line: AbilityLine) => line.whom, whole: true },
  { title: "CAN", of: (line: AbilityLine) => line.can, least: 29 },
  { title: "BY", of: (line: AbilityLine) => line.by },
] as const;

/** The lines of the table; groups of people of one rule share a line where nothing differs between them. */
function linesOf(can: readonly Ability[]): readonly AbilityLine[] {
  const alike = Map.groupBy(can, ({ scope, for: { kind, rule, agent }, actions }) =>
    JSON.stringify([scope, kind, rule, agent, actions]),
  );
  return [...alike.values()].flatMap((rows) => {
    const [first] = rows;
    if (!first) return [];
    const whom = whomOf(
      first,
      rows.map(({ for: { group } }) => group).filter((group) => group !== undefined),
      rows,
    );
    return [{ scope: first.scope + detailsOf(first), whom, ...verdictOf(first) }];
  });
}

const detailsOf = ({ needsDetails }: Ability): string => (needsDetails ? ` (with ${needsDetails.join(", ")})` : "");

function whomOf({ for: { kind, rule, agent } }: Ability, groups: readonly string[], rows: readonly Ability[]): string {
  if (kind === "itself") return "itself";
  if (kind === "agent") return `agent ${agent ?? ""}`;
  const inNone = rows.some((row) => row.for.group === undefined);
  return `${inNone ? "people" : `people in ${groups.join(", ")}`} by ${rule ?? ""}`;
}

function verdictOf({ actions }: Ability): { readonly can: string; readonly by: string } {
  const all = Object.entries(actions);
  const allowed = all.filter(([, verdict]) => verdict.allowed);
  const refused = all.filter(([, verdict]) => !verdict.allowed);
  const policies = [...new Set(allowed.flatMap(([, verdict]) => verdict.policies))];
  const whys = [
    ...new Set(
      [...refused, ...allowed.filter(([, verdict]) => verdict.logged)].map(([, verdict]) => verdict.why ?? ""),
    ),
  ];
  const names = (list: typeof all) =>
    list.map(([action, { logged }]) => (logged ? `${action} (only logged)` : action)).join(" ");
  return {
    can: allowed.length === 0 ? "nothing" : `${names(allowed)}${refused.length > 0 ? `; not ${names(refused)}` : ""}`,
    by: [...policies, ...whys].join("; "),
  };
}
