import type { CommandLine } from "../command-line.ts";
import { type LookOptions, runAgents } from "./agents-command.ts";
import { runPrincipals } from "./principals-command.ts";
import { runSessions, type SessionsOptions } from "./sessions-command.ts";
import { runStory } from "./story-command.ts";

/** Adds the commands that look at a deployment and change nothing. */
export function readingCommands({ command, withProfile, terminal }: CommandLine): void {
  command("agents [name]", "registered agents; of one, what it can do by policy").action(
    (name: string | undefined, options: LookOptions) =>
      withProfile(options, (profile) => runAgents(name, options, profile, terminal)),
  );
  command("sessions [id]", "living sessions, all of them or some; of one, its whole story")
    .option("--agent <id>", "those this agent acts in now, by its name or SPIFFE ID")
    .option("--principal <id>", "those on this principal's authority: p_... or an agent's SPIFFE ID")
    .option("--build <digest>", "those this build acts in now")
    .option("--root <id>", "one tree, by its root session")
    .option("--tree", "draw the whole trees they stand in")
    .option("--dead", "also those that are over, with why, for a day after their end")
    .action((id: string | undefined, options: SessionsOptions) =>
      withProfile(options, (profile) => runSessions(id, options, profile, terminal)),
    );
  command("story <id>", "everything about one session").action((id: string, options: LookOptions) =>
    withProfile(options, (profile) => runStory(id, options, profile, terminal)),
  );
  command("principals", "people and agents who lend authority now, beside the agents that act on it").action(
    (options: LookOptions) => withProfile(options, (profile) => runPrincipals(options, profile, terminal)),
  );
}
