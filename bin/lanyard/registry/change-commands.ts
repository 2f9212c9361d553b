import { differenceLines } from "../../../core/registry/difference-lines.ts";
import { changeRegistry } from "../apply.ts";
import { tell } from "../apply-command.ts";
import { type Terminal, Usage } from "../outcome.ts";
import type { Profile } from "../profile.ts";

/** Options that every change of one thing has. */
export interface ChangeOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Commands that set an agent's state, and the state each sets. */
export const stateCommands = { suspend: "suspended", activate: "active", retire: "retired" } as const;

/**
 * `suspend`, `activate`, `retire`: one agent's state as a new version, all others untouched.
 * @throws Refused when the deployment says no
 */
export async function runState(
  command: keyof typeof stateCommands,
  agent: string,
  options: ChangeOptions,
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const name = agent.includes("/agent/") ? agent.slice(agent.indexOf("/agent/") + 7) : agent;
  const segments = name.split("/");
  const plain = segments.every((one) => /^[a-z0-9._-]+$/.test(one) && one !== "." && one !== "..");
  if (!plain) throw new Usage(`${JSON.stringify(agent)} is no agent's name`);
  await change(profile, "PATCH", `agents/${name}`, { state: stateCommands[command] }, options, terminal);
}

/** `rollback`: the registrations of an earlier version as a new one. @throws Usage, Refused */
export async function runRollback(
  options: ChangeOptions & { readonly to: string },
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  if (!/^[1-9][0-9]{0,7}$/.test(options.to))
    throw new Usage(`--to is a version's number, not ${JSON.stringify(options.to)}`);
  await change(profile, "POST", "rollback", { to: Number(options.to) }, options, terminal);
}

async function change(
  profile: Profile,
  method: "PATCH" | "POST",
  path: string,
  what: object,
  options: ChangeOptions,
  terminal: Terminal,
): Promise<void> {
  const { reason, dryRun = false } = options;
  const applied = await changeRegistry(profile, method, path, { ...what, reason, ...(dryRun ? { dryRun } : {}) });
  if (!options.json) for (const line of differenceLines(applied.difference)) terminal.out(line);
  tell(applied, options, terminal);
}
