import { Option } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { type RotateOptions, runKeys, runRotate } from "./rotate.ts";

/** Adds `rotate` and `keys`. */
export function keyCommands({ command, withDeployment, watching }: CommandLine): void {
  example(
    command("rotate", "switch a signing key before its time, or at once when it may be in other hands")
      .addOption(
        new Option("--purpose <purpose>", "which keys")
          .choices(["identity", "session", "status", "events"])
          .makeOptionMandatory(),
      )
      .option("--kid <kid>", "one key by its thumbprint (default: every key of the purpose that signs)")
      .option("--emergency", "void what it signed, now")
      .option("--yes", "do not ask")
      .requiredOption("--reason <text>", "why, for the audit record")
      .action((options: RotateOptions) => withDeployment(options, (context) => runRotate(options, context))),
    'rotate --purpose session --reason "before its time"',
    'rotate --purpose session --emergency --reason "seen elsewhere"',
  );
  example(
    watching(command("keys", "how every signing key stands")).action((options: WatchOptions & { json?: boolean }) =>
      withDeployment(options, (context) => watched(options, context, (to) => runKeys(options, to))),
    ),
    "keys",
    "keys --watch",
  );
}
