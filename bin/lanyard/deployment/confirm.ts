import { Refused, Usage } from "../terminal/outcome.ts";
import type { CommandContext } from "./context.ts";
import { deploymentLine, deploymentOf, type NamedDeployment } from "./line.ts";

/** A change of a deployment that is not made yet. */
export interface Change {
  /** The question, without `[y/N]`. */
  readonly question: string;
  /** What it would affect, line by line; called only where somebody will read it. */
  reach(): Promise<readonly string[]>;
  /** The message when it is not made: `nothing was revoked`. */
  readonly otherwise: string;
}

/**
 * Every change is confirmed here first: standard error shows the deployment, what the change would affect, and the
 * question. `--yes` leaves out the last two, since in an emergency nobody wants to wait for a list (`--dry-run` shows
 * it).
 * @returns the deployment, for the answer in JSON
 * @throws Usage where no deployment was named and several could be meant, or where nobody can be asked; Refused when
 * the answer is no
 */
export async function confirmed(
  change: Change,
  options: { readonly yes?: boolean },
  { profile, terminal }: CommandContext,
): Promise<NamedDeployment> {
  const { otherwise } = change;
  if (profile.unsure !== undefined)
    throw new Usage(`${otherwise}: ${profile.unsure}. If you mean ${profile.from}, say --profile ${profile.name}`);
  const deployment = await deploymentOf(profile);
  terminal.err(deploymentLine(deployment, profile));
  if (options.yes !== true) {
    if (!terminal.ask)
      throw new Usage(`${otherwise}: nobody can be asked here. Look at it with --dry-run, then say --yes`);
    for (const line of await change.reach()) terminal.err(line);
    if (!(await terminal.ask(change.question))) throw new Refused(otherwise);
  }
  terminal.committing?.();
  return deployment;
}
