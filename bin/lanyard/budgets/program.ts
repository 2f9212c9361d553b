import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type WatchOptions, watched } from "../terminal/watch.ts";
import { type BudgetsOptions, runBudgets } from "./command.ts";

/** Adds `budgets`. */
export function budgetCommands({ command, watching, withDeployment }: CommandLine): void {
  example(
    watching(
      command("budgets", "what budgets have left in this hour and day, and when they renew; by default all agents'"),
    )
      .option("--agent <agent>", "those of this agent's registration, by its name or SPIFFE ID")
      .option(
        "--principal <id>",
        "those that lending rules and policies give this principal: p_... or an agent's SPIFFE ID",
      )
      .option("--policy <name>", "this policy's, of everybody who delegates now")
      .option("--session <id>", "all that this session's calls must fit, but those of policies")
      .option("--name <budget>", "only budgets of this name")
      .option("--resource <uri>", "only those that count calls of this resource")
      .option("--empty", "only those that have nothing left of something")
      .option("--limit <n>", "so many at most")
      .action((options: BudgetsOptions & WatchOptions) =>
        withDeployment(options, (context) => watched(options, context, (to) => runBudgets(options, to))),
      ),
    "budgets --agent deployer",
    "budgets --principal p_abcdefghijklmnopqrstuvwxyz234567 --watch",
    "budgets --empty --output jsonl",
  );
}
