import { Option } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { type RotateOptions, runKeys, runRotate } from "./rotate.ts";

/** Adds `rotate` and `keys`. */
export function keyCommands({ command, withDeployment, watching }: CommandLine): void {
  example(
    command("rotate", "rotate a signing key early, or at once when somebody else may have it")
      .addOption(
        new Option("--purpose <purpose>", "which keys")
          .choices(["identity", "session", "status", "events"])
          .makeOptionMandatory(),
      )
      .option("--kid <kid>", "one key by its thumbprint (default: every key of the purpose that signs)")
      .option("--emergency", "make everything it signed invalid, now")
      .option("--yes", "do not ask")
      .requiredOption("--reason <text>", "why, for the audit record")
      .action((options: RotateOptions) => withDeployment(options, (context) => runRotate(options, context))),
    'rotate --purpose session --reason "before its time"',
    'rotate --purpose session --emergency --reason "seen elsewhere"',
  );
  example(
    watching(command("keys", "the state of every signing key")).action((options: WatchOptions & { json?: boolean }) =>
      withDeployment(options, (context) => watched(options, context, (to) => runKeys(options, to))),
    ),
    "keys",
    "keys --watch",
  );
}
