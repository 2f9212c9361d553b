import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import type { OutputOptions } from "../terminal/output.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { runStatus } from "./command.ts";

/** Adds `status`. */
export function statusCommands({ command, watching, withProfile, terminal }: CommandLine): void {
  example(
    watching(command("status", "whether the deployment answers, and what is registered")).action(
      (options: OutputOptions & WatchOptions) =>
        withProfile(options, (profile) => watched(options, terminal, (to) => runStatus(options, profile, to))),
    ),
    "status",
    "status --profile prod --watch 30",
  );
}
