import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { OutputOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runStatus } from "./command.ts";

/** Adds `status`. */
export function statusCommands({ command, watching, withDeployment }: CommandLine): void {
  example(
    watching(command("status", "whether the deployment answers, and what is registered")).action(
      (options: OutputOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runStatus(options, to))),
    ),
    "status",
    "status --profile prod --watch 30",
  );
}
