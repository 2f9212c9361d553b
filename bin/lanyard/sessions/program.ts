import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { OutputOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runSessions, type SessionsOptions } from "./command.ts";
import { runStory } from "./story.ts";

/** Adds `sessions` and `story`. */
export function sessionCommands({ command, watching, withDeployment }: CommandLine): void {
  example(
    watching(command("sessions [id]", "living sessions, all or some; with an id, everything about that one"))
      .option("--agent <agent>", "those this agent acts in now, by its name or SPIFFE ID")
      .option("--principal <id>", "those on this principal's authority: p_... or an agent's SPIFFE ID")
      .option("--build <digest>", "those this build acts in now")
      .option("--root <id>", "one tree, by its root session")
      .option("--since <time>", "those that began since: 15m, 24h, 7d, or a date")
      .option("--tree", "draw the whole trees they stand in")
      .option("--dead", "also those that are over, with why, for a day after their end")
      .option("--limit <n>", "so many at most")
      .action((id: string | undefined, options: SessionsOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runSessions(id, options, to))),
      ),
    "sessions --agent researcher --tree",
    "sessions --since 15m --watch",
    "sessions --agent researcher --output id",
    "sessions 3q2-7wAAAAAAAAAAAAAAAA",
  );
  example(
    watching(command("story <id>", "everything about one session")).action(
      (id: string, options: OutputOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runStory(id, options, to))),
    ),
    "story 3q2-7wAAAAAAAAAAAAAAAA",
  );
}
