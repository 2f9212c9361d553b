import { type ListOptions, type LookOptions, runAgents } from "../agents/command.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import { runPrincipals } from "../principals/command.ts";
import { example } from "../terminal/help.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runSessions, type SessionsOptions } from "./command.ts";
import { runStory } from "./story.ts";

/** Adds the commands that look at a deployment and change nothing. */
export function readingCommands({ command, watching, withProfile, terminal }: CommandLine): void {
  const looking = (name: string, description: string) => watching(command(name, description));
  example(
    looking("agents [agent]", "registered agents; of one, what it can do by policy")
      .option("--limit <n>", "so many at most")
      .action((name: string | undefined, options: ListOptions & WatchOptions) =>
        withProfile(options, (profile) => watched(options, terminal, (to) => runAgents(name, options, profile, to))),
      ),
    "agents",
    "agents planner",
    "agents --output tsv",
  );
  example(
    looking("sessions [id]", "living sessions, all of them or some; of one, its whole story")
      .option("--agent <agent>", "those this agent acts in now, by its name or SPIFFE ID")
      .option("--principal <id>", "those on this principal's authority: p_... or an agent's SPIFFE ID")
      .option("--build <digest>", "those this build acts in now")
      .option("--root <id>", "one tree, by its root session")
      .option("--since <time>", "those that began since: 15m, 24h, 7d, or a date")
      .option("--tree", "draw the whole trees they stand in")
      .option("--dead", "also those that are over, with why, for a day after their end")
      .option("--limit <n>", "so many at most")
      .action((id: string | undefined, options: SessionsOptions & WatchOptions) =>
        withProfile(options, (profile) => watched(options, terminal, (to) => runSessions(id, options, profile, to))),
      ),
    "sessions --agent researcher --tree",
    "sessions --since 15m --watch",
    "sessions --agent researcher --output id",
    "sessions 3q2-7wAAAAAAAAAAAAAAAA",
  );
  example(
    looking("story <id>", "everything about one session").action((id: string, options: LookOptions & WatchOptions) =>
      withProfile(options, (profile) => watched(options, terminal, (to) => runStory(id, options, profile, to))),
    ),
    "story 3q2-7wAAAAAAAAAAAAAAAA",
  );
  example(
    looking("principals", "people and agents who lend authority now, beside the agents that act on it")
      .option("--limit <n>", "so many at most")
      .action((options: ListOptions & WatchOptions) =>
        withProfile(options, (profile) => watched(options, terminal, (to) => runPrincipals(options, profile, to))),
      ),
    "principals",
    "principals --output jsonl",
  );
}
