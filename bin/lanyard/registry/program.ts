import type { Command } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type ApplyOptions, runApply } from "./apply.ts";
import { type ChangeOptions, runRollback, runState, type stateCommands } from "./change.ts";
import { type ExportOptions, runExport, runSchema } from "./export-command.ts";

/** Adds the commands that change the registry, give it back, or say how it is written. */
export function registryCommands({ program, command, withProfile, terminal }: CommandLine): void {
  example(
    command("apply <folder>", "make a folder of YAML files the registry")
      .option("--set <name=value>", "value of a placeholder in the files; may be repeated", collect, [])
      .option("--reason <text>", "why, for the audit record")
      .option("--dry-run", "only show what it would change")
      .option("--yes", "do not ask")
      .action((folder: string, options: ApplyOptions) =>
        withProfile(options, (profile) => runApply(folder, options, profile, terminal)),
      ),
    "apply examples/support-desk",
    'apply registry --profile prod --reason "planner may write"',
    "apply registry --outputs outputs.json --set account=111122223333 --yes",
  );
  for (const [name, what] of Object.entries(stateMeanings))
    example(
      changing(command(`${name} <agent>`, what)).action((agent: string, options: ChangeOptions) =>
        withProfile(options, (profile) =>
          runState(name as keyof typeof stateCommands, agent, options, profile, terminal),
        ),
      ),
      `${name} researcher --reason "odd behaviour"`,
    );
  example(
    changing(command("rollback", "make an earlier version's registrations the registry again"))
      .requiredOption("--to <n>", "that version")
      .action((options: ChangeOptions & { readonly to: string }) =>
        withProfile(options, (profile) => runRollback(options, profile, terminal)),
      ),
    'rollback --to 12 --reason "the new policies lock the night shift out"',
  );
  example(
    command("export <folder>", "give the registry back as a folder that would make it")
      .option("--version <n>", "this version instead of the one that is applied")
      .action((folder: string, options: ExportOptions) =>
        withProfile(options, (profile) => runExport(folder, options, profile, terminal)),
      ),
    "export registry",
    "export was --version 7",
  );
  example(
    program
      .command("schema")
      .description("print the JSON Schema of a registration, for editors")
      .action(() => runSchema(terminal)),
    "schema > registry.schema.json",
  );
}

const stateMeanings: Readonly<Record<keyof typeof stateCommands, string>> = {
  suspend: "suspend an agent: it gets nothing, and what it holds is worth nothing, until it is activated",
  activate: "make a draft or suspended agent active",
  retire: "retire an agent for good",
};

const changing = (command: Command): Command =>
  command
    .requiredOption("--reason <text>", "why, for the audit record")
    .option("--dry-run", "only show what it would change")
    .option("--yes", "do not ask");

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
