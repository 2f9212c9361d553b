import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { sourceOf } from "./source.ts";
import { runTail, type TailOptions } from "./tail.ts";

/** Adds `audit tail`. */
export function auditCommands({ program, common, withDeployment }: CommandLine): void {
  const audit = program.command("audit").description("look at the audit trail");
  example(
    common(audit.command("tail").description("audit events, oldest first; with --json one object a line"))
      .option("--since <time>", "how far back: 15m, 24h, 7d, or a date", "1h")
      .option("-f, --follow", "go on until interrupted")
      .option("--session <id>", "of this session, its tree if it is a root, and its children")
      .option("--agent <agent>", "of this agent, by its name or SPIFFE ID, wherever in a chain")
      .option("--principal <id>", "on this principal's authority")
      .option("--denied", "refusals only")
      .option("--canary", "also what the revocation canary does every few minutes")
      .option("--limit <n>", "the last so many of those that are there")
      .action((options: TailOptions) =>
        withDeployment(options, (context) => runTail(options, sourceOf(context.profile), context)),
      ),
    "audit tail --follow --denied",
    "audit tail --agent researcher --since 24h --limit 50",
  );
}
