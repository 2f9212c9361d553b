import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { ListOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runAgents } from "./command.ts";

/** Adds `agents`. */
export function agentCommands({ command, watching, withDeployment }: CommandLine): void {
  example(
    watching(command("agents [agent]", "registered agents; with a name, what that one can do by policy"))
      .option("--limit <n>", "so many at most")
      .action((name: string | undefined, options: ListOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runAgents(name, options, to))),
      ),
    "agents",
    "agents planner",
    "agents --output tsv",
  );
}
