import type { Applied } from "../../../core/registry/apply.ts";
import { differenceLines } from "../../../core/registry/difference-lines.ts";
import { confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import type { NamedDeployment } from "../deployment/line.ts";
import { Refused, type Terminal, Usage } from "../terminal/outcome.ts";
import { count } from "../terminal/words.ts";
import { skippedFiles, skippedLine } from "./folder.ts";
import { type ApplyInput, applyPlan, planRegistry, RegistryInvalid, RegistryStale } from "./plan.ts";

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
  try {
    const plan = await planRegistry(input);
    const skipped = await skippedFiles(directory);
    if (skipped.length > 0) terminal.err(skippedLine(skipped));
    const lines = differenceLines(plan.difference);
    const show = () => {
      if (!options.json) for (const line of lines) terminal.out(line);
    };
    if (options.dryRun || changes(plan) === 0) {
      show();
      return tell(plan, options, terminal);
    }
    const change = {
      question: `Apply ${count(changes(plan), "change")} to version ${plan.base}?`,
      reach: async () => lines,
      otherwise: "nothing was applied",
    };
    const deployment = await confirmed(change, options, context);
    // who was asked at a terminal has seen them
    if (options.yes || terminal.columns === undefined) show();
    tell(await applyPlan(input, plan, options.reason), { ...options, deployment }, terminal);
  } catch (cause) {
    if (cause instanceof RegistryInvalid)
      throw new Refused(cause.message, { code: "registry_invalid", problems: cause.problems });
    if (cause instanceof RegistryStale) throw new Refused(cause.message, { code: "registry_stale" });
    throw cause;
  }
}

/** Says what a change of the registry came to. */
export function tell(
  applied: Applied,
  options: { readonly json?: boolean; readonly dryRun?: boolean; readonly deployment?: NamedDeployment },
  terminal: Terminal,
): void {
  const { version, base, difference } = applied;
  if (options.json) {
    const { deployment } = options;
    terminal.out(JSON.stringify({ ok: true, ...(deployment && { deployment }), version, base, ...difference }));
    return;
  }
  const nothing = changes(applied) === 0 ? `nothing to change: the registry is at version ${version}` : undefined;
  const done = options.dryRun
    ? `nothing was changed: this is what it would do to version ${base}`
    : `the registry is at version ${version}, live at the next request`;
  terminal.out(nothing ?? done);
}

/** How many registrations are added, changed or removed. */
export const changes = ({ difference: { added, changed, removed } }: Pick<Applied, "difference">): number =>
  added.length + changed.length + removed.length;
