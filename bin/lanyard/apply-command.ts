import {
  type ApplyInput,
  applyPlan,
  planRegistry,
  RegistryInvalid,
  type RegistryPlan,
  RegistryStale,
} from "./apply.ts";
import { Refused, type Terminal, Usage } from "./outcome.ts";
import type { Profile } from "./profile.ts";

/** Options of `apply`. */
export interface ApplyOptions {
  readonly set: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Reads `name=value` options. @throws Usage */
export function variablesOf(set: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    set.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new Usage(`--set takes name=value, not ${JSON.stringify(text)}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/**
 * Shows what a folder would change and applies it. On AWS it asks first, unless told not to.
 * @throws Usage, Refused with every problem
 */
export async function runApply(
  directory: string,
  options: ApplyOptions,
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const variables = { ...profile.variables, ...variablesOf(options.set) };
  const { issuer, trustDomain, tables, dynamo } = profile;
  const input: ApplyInput = {
    directory,
    variables,
    trustDomain,
    issuer,
    tables,
    dynamo,
    operator: await profile.operator(),
  };
  try {
    const plan = await planRegistry(input);
    if (!options.json) for (const line of planLines(plan)) terminal.out(line);
    if (profile.name === "aws" && changes(plan) > 0 && !options.yes) await confirm(plan, terminal);
    const applied = await applyPlan(input, plan);
    if (options.json) terminal.out(JSON.stringify({ ok: true, ...applied }));
    else
      terminal.out(
        applied.version === plan.base
          ? `nothing to change: the registry is at version ${applied.version}`
          : `the registry is at version ${applied.version}, live at the next request`,
      );
  } catch (cause) {
    if (cause instanceof RegistryInvalid)
      throw new Refused(cause.message, { code: "registry_invalid", problems: cause.problems });
    if (cause instanceof RegistryStale) throw new Refused(cause.message, { code: "registry_stale" });
    throw cause;
  }
}

const changes = (plan: RegistryPlan): number => plan.added.length + plan.changed.length + plan.removed.length;

const planLines = (plan: RegistryPlan): readonly string[] => [
  ...plan.added.map((name) => `+ ${name}`),
  ...plan.changed.map((name) => `~ ${name}`),
  ...plan.removed.map((name) => `- ${name}`),
];

const confirm = async (plan: RegistryPlan, terminal: Terminal): Promise<void> => {
  const sure = await terminal.ask?.(`Apply ${changes(plan)} changes to version ${plan.base}?`);
  if (sure === undefined) throw new Usage("nothing was applied: look at the plan and give --yes");
  if (!sure) throw new Refused("nothing was applied");
};
