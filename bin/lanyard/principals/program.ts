import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { ListOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runPrincipals } from "./command.ts";

/** Adds `principals`. */
export function principalCommands({ command, watching, withDeployment }: CommandLine): void {
  example(
    watching(command("principals", "people and agents who delegate authority now, and the agents that act on it"))
      .option("--limit <n>", "so many at most")
      .action((options: ListOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runPrincipals(options, to))),
      ),
    "principals",
    "principals --output jsonl",
  );
}
