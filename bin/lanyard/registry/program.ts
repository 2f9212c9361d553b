import type { Command } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type ApplyOptions, runApply } from "./apply.ts";
import { type ChangeOptions, runRollback, runState, type StateCommand } from "./change.ts";
import { type ExportOptions, runExport, runSchema } from "./export-command.ts";

/** Adds the commands that change the registry, export it, or print its schema. */
export function registryCommands({ program, command, withDeployment, terminal }: CommandLine): void {
  example(
    command("apply <folder>", "make a folder of YAML files the registry")
      .option("--set <name=value>", "value of a placeholder in the files; may be repeated", collect, [])
      .option("--reason <text>", "why, for the audit record")
      .option("--dry-run", "only show what it would change")
      .option("--yes", "do not ask")
      .action((folder: string, options: ApplyOptions) =>
        withDeployment(options, (context) => runApply(folder, options, context)),
      ),
    "apply examples/support-desk",
    'apply registry --profile prod --reason "planner may write"',
    "apply registry --outputs outputs.json --set account=111122223333 --yes",
  );
  for (const [name, { what, why }] of Object.entries(states))
    example(
      changing(command(`${name} <agent>`, what)).action((agent: string, options: ChangeOptions) =>
        withDeployment(options, (context) => runState({ command: name as StateCommand, agent }, options, context)),
      ),
      `${name} researcher --reason "${why}"`,
    );
  example(
    changing(command("rollback", "make an earlier version's registrations the registry again"))
      .requiredOption("--to <n>", "that version")
      .action((options: ChangeOptions & { readonly to: string }) =>
        withDeployment(options, (context) => runRollback(options, context)),
      ),
    'rollback --to 12 --reason "the new policies lock the night shift out"',
  );
  example(
    command("export <folder>", "write the registry as a folder from which it can be applied")
      .option("--version <n>", "this version instead of the one that is applied")
      .action((folder: string, options: ExportOptions) =>
        withDeployment(options, (context) => runExport(folder, options, context)),
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

/** Help text of each command, and a sample reason. */
const states: Readonly<Record<StateCommand, { readonly what: string; readonly why: string }>> = {
  suspend: {
    what: "suspend an agent: it gets nothing, and what it holds is refused, until it is activated",
    why: "odd behaviour",
  },
  activate: { what: "make a draft or suspended agent active", why: "reviewed" },
  retire: { what: "retire an agent for good", why: "replaced by researcher-2" },
};

const changing = (command: Command): Command =>
  command
    .requiredOption("--reason <text>", "why, for the audit record")
    .option("--dry-run", "only show what it would change")
    .option("--yes", "do not ask");

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
