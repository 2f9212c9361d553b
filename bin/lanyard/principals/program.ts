import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { ListOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runPrincipals } from "./command.ts";
import { type EraseOptions, runErase } from "./erase.ts";

/** Adds `principals` and `principals erase`. */
export function principalCommands({ command, common, watching, withDeployment }: CommandLine): void {
  const principals = watching(
    command("principals", "people and agents who delegate authority now, and the agents that act on it"),
  )
    .option("--limit <n>", "so many at most")
    .action((options: ListOptions & WatchOptions) =>
      withDeployment(options, (context) => watched(options, context, (to) => runPrincipals(options, to))),
    );
  example(principals, "principals", "principals --output jsonl");
  example(
    common(
      principals
        .command("erase <id>")
        .description(
          "erase a person from the audit: what was said of them is never readable again, and their sessions end",
        ),
    )
      .option("--reason <reference>", "why, readable in the audit for good: a ticket's number, and nobody's name")
      .option("--yes", "do not ask")
      .action((id: string, options: EraseOptions) =>
        withDeployment(options, (context) => runErase(id, options, context)),
      ),
    'principals erase p_abcdefghijklmnopqrstuvwxyz234567 --reason "request 4711"',
  );
}
