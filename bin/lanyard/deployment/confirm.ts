import { Refused, Usage } from "../terminal/outcome.ts";
import type { CommandContext } from "./context.ts";
import { deploymentLine, deploymentOf, type NamedDeployment } from "./line.ts";

/** Something that changes a deployment, before it does. */
export interface Change {
  /** What is asked, as a question without its `[y/N]`. */
  readonly question: string;
  /** What it would reach, line by line; only asked for where somebody will read it. */
  reach(): Promise<readonly string[]>;
  /** What there is to say when it is not done: `nothing was revoked`. */
  readonly otherwise: string;
}

/**
 * Every change passes here first: which deployment it is stands on standard error, then what the change would reach, then
 * the question. `--yes` leaves reach and question out (in an emergency nobody waits for a list; `--dry-run` shows it).
 * @returns the deployment, for the answer in JSON
 * @throws Usage where nobody named the deployment and another could be meant, or where nobody can be asked; Refused for a no
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
