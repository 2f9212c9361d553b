import { sizeOf } from "../../../core/model/registry-difference.ts";
import type { CommandContext } from "../deployment/context.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { count } from "../terminal/words.ts";
import { type AskedChange, askAndChange } from "./asked-change.ts";
import { skippedFiles, skippedLine } from "./folder.ts";
import { type ApplyInput, applyPlan, planRegistry, RegistryInvalid, type RegistryPlan, RegistryStale } from "./plan.ts";

/** Options of `apply`. */
export interface ApplyOptions {
  readonly set: readonly string[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
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
 * Shows what a folder would change, asks, and applies it.
 * @throws Usage, Refused with every problem
 */
export async function runApply(directory: string, options: ApplyOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const variables = { ...profile.variables, ...variablesOf(options.set) };
  const { issuer, trustDomain, adminWrite, dynamo } = profile;
  const input: ApplyInput = { directory, variables, trustDomain, issuer, adminWrite, dynamo };
  const change: AskedChange<RegistryPlan> = {
    plan: async () => {
      const plan = await planRegistry(input);
      const skipped = await skippedFiles(directory);
      if (skipped.length > 0) terminal.err(skippedLine(skipped));
      for (const warning of plan.warnings) terminal.err(`warning: ${warning}`);
      return plan;
    },
    make: async (plan) => applyPlan(input, plan ?? (await planRegistry(input)), options.reason),
    question: ({ base, difference }) => `Apply ${count(sizeOf(difference), "change")} to version ${base}?`,
    reach: async () => [],
    otherwise: "nothing was applied",
    urgent: false,
  };
  try {
    await askAndChange(change, options, context);
  } catch (cause) {
    if (cause instanceof RegistryInvalid)
      throw new Refused(cause.message, { code: "registry_invalid", problems: cause.problems });
    if (cause instanceof RegistryStale) throw new Refused(cause.message, { code: "registry_stale" });
    throw cause;
  }
}
