import type { Applied } from "../../../core/registry/apply.ts";
import { differenceLines } from "../../../core/registry/difference-lines.ts";
import { type Change, confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachLines } from "../sessions/reach.ts";
import { Usage } from "../terminal/outcome.ts";
import { changes, tell } from "./apply.ts";
import { changeRegistry, type RegistryOrder } from "./plan.ts";

/** Options that every change of one thing has. */
export interface ChangeOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Commands that set an agent's state, and the state each sets. */
export const stateCommands = { suspend: "suspended", activate: "active", retire: "retired" } as const;

/** One of {@link stateCommands}. */
export type StateCommand = keyof typeof stateCommands;

/** Which state is set, of whom: an agent's name or SPIFFE ID. */
interface StateOrder {
  readonly command: StateCommand;
  readonly agent: string;
}

/**
 * `suspend`, `activate`, `retire`: one agent's state as a new version, all others untouched.
 * @throws Refused when the deployment says no
 */
export async function runState(
  { command, agent }: StateOrder,
  options: ChangeOptions,
  context: CommandContext,
): Promise<void> {
  const name = agent.includes("/agent/") ? agent.slice(agent.indexOf("/agent/") + 7) : agent;
  const segments = name.split("/");
  const plain = segments.every((one) => /^[a-z0-9._-]+$/.test(one) && one !== "." && one !== "..");
  if (!plain) throw new Usage(`${JSON.stringify(agent)} is no agent's name`);
  const target = { agent: `spiffe://${context.profile.trustDomain}/agent/${name}` };
  const verb = command === "suspend" ? "be refused until it is active again" : "be refused for good";
  const what = {
    method: "PATCH",
    path: `agents/${name}`,
    body: { state: stateCommands[command] },
    question: `${command.charAt(0).toUpperCase()}${command.slice(1)} ${name}?`,
    reach: async () => (command === "activate" ? [] : reachLines(target, verb, context)),
    otherwise: `${name} stays as it is`,
  } as const;
  await change(what, options, context);
}

/** `rollback`: the registrations of an earlier version as a new one. @throws Usage, Refused */
export async function runRollback(
  options: ChangeOptions & { readonly to: string },
  context: CommandContext,
): Promise<void> {
  if (!/^[1-9][0-9]{0,7}$/.test(options.to))
    throw new Usage(`--to is a version's number, not ${JSON.stringify(options.to)}`);
  const what = {
    method: "POST",
    path: "rollback",
    body: { to: Number(options.to) },
    question: `Make version ${options.to} the registry again?`,
    reach: async () => [],
    otherwise: "nothing was rolled back",
  } as const;
  await change(what, options, context);
}

/** One change of the registry: how it is sent, and what is said before. */
type RegistryChange = Change & RegistryOrder;

async function change(what: RegistryChange, options: ChangeOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const { method, path } = what;
  const send = (more: object) =>
    changeRegistry(profile, { method, path, body: { ...what.body, reason: options.reason, ...more } });
  const show = (applied: Applied) => {
    if (!options.json) for (const line of differenceLines(applied.difference)) terminal.out(line);
  };
  // whoever says --yes needs no plan; whoever is asked agrees to this one, and `base` refuses any other
  const plan = options.dryRun || !options.yes ? await send({ dryRun: true }) : undefined;
  if (plan && (options.dryRun || changes(plan) === 0)) {
    show(plan);
    return tell(plan, options, terminal);
  }
  const reach = async () => [...(plan ? differenceLines(plan.difference) : []), ...(await what.reach())];
  const deployment = await confirmed({ ...what, reach }, options, context);
  const applied = await send(plan ? { base: plan.base } : {});
  // who was asked at a terminal has seen it
  if (!plan || terminal.columns === undefined) show(applied);
  tell(applied, { ...options, deployment }, terminal);
}
