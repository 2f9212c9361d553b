import type { Change } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachLines } from "../sessions/reach.ts";
import { Usage } from "../terminal/outcome.ts";
import { type AskedChange, askAndChange } from "./asked-change.ts";
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

/** The state to set, and the agent by its name or SPIFFE ID. */
interface StateOrder {
  readonly command: StateCommand;
  readonly agent: string;
}

/**
 * `suspend`, `activate`, `retire`: changes one agent's state, as a new version.
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

/** `rollback`: makes an earlier version's registrations a new version. @throws Usage, Refused */
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

/** One change of the registry: how it is sent, and how it is confirmed. */
type RegistryChange = Change & RegistryOrder;

/** Sends the plan that was agreed to; with its `base`, the deployment refuses it if the registry has changed since. */
function change(what: RegistryChange, options: ChangeOptions, context: CommandContext): Promise<void> {
  const { method, path, body, question, reach, otherwise } = what;
  const send = (more: object) =>
    changeRegistry(context.profile, { method, path, body: { ...body, reason: options.reason, ...more } });
  const asked: AskedChange = {
    plan: () => send({ dryRun: true }),
    make: (plan) => send(plan ? { base: plan.base } : {}),
    question: () => question,
    reach,
    otherwise,
    urgent: true,
  };
  return askAndChange(asked, options, context);
}
