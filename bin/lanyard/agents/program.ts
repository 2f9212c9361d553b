import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { type AgentsOptions, runAgents } from "./command.ts";
import { type ConfirmOptions, runConfirm } from "./confirm.ts";
import { type ProposeOptions, runPropose } from "./propose/command.ts";

/** Adds `agents`, `agents confirm` and `agents propose`. */
export function agentCommands({ command, common, watching, withDeployment, folder }: CommandLine): void {
  const agents = watching(command("agents [agent]", "registered agents; with a name, what that one can do by policy"))
    .option("--limit <n>", "so many at most")
    .option("--orphaned", "only those whose owner is blocked, unconfirmed or unverified")
    .action((name: string | undefined, options: AgentsOptions & WatchOptions) =>
      withDeployment(options, (context) => watched(options, context, (to) => runAgents(name, options, to))),
    );
  example(agents, "agents", "agents planner", "agents --orphaned", "agents --output tsv");
  example(
    common(
      agents
        .command("confirm <agent>")
        .description(
          "say that the owner of an agent is still there: it counts as a login, for all agents of that owner",
        ),
    )
      .option("--reason <text>", "why, for the audit")
      .option("--yes", "do not ask")
      .action((name: string, options: ConfirmOptions) =>
        withDeployment(options, (context) => runConfirm(name, options, context)),
      ),
    'agents confirm planner --reason "spoke with Olga"',
  );
  example(
    common(
      agents
        .command("propose <folder>")
        .description("what agents never used by the audit, as a diff that takes it out of the folder's registrations"),
    )
      .option("--days <n>", "how many days of audit", "90")
      .option(
        "--events <where>",
        "deployment (its audit), s3://<bucket>[/<prefix>], or a folder with such objects",
        "deployment",
      )
      .option("--set <name=value>", "value of a placeholder in the files; may be repeated", collect, [])
      .action((directory: string, options: ProposeOptions) =>
        withDeployment(options, (context) => runPropose(directory, options, { context, folder })),
      ),
    "agents propose registry",
    "agents propose registry --days 30 > narrower.diff",
  );
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
