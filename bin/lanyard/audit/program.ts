import { auditQuestions } from "../../../core/lineage/questions/questions.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type FindingsOptions, runFindings } from "./findings.ts";
import { logCommands } from "./log/program.ts";
import { listQuestions, type QueryOptions, questionNamed, runQuery } from "./query.ts";
import { portsOfDeployment, type RedriveOptions, runRedrive } from "./redrive/redrive.ts";
import { sourceOf } from "./source.ts";
import { runTail, type TailOptions } from "./tail.ts";

/** Adds `audit tail`, `audit query`, `audit findings`, `audit redrive`, `audit verify` and `audit prove`. */
export function auditCommands(line: CommandLine): void {
  const { program, common, withDeployment } = line;
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
      .option("--reveal", "decrypt what is said of persons; the audit records to whom it was shown")
      .option("--limit <n>", "the last so many of those that are there")
      .action((options: TailOptions) =>
        withDeployment(options, (context) => runTail(options, sourceOf(context.profile), context)),
      ),
    "audit tail --follow --denied",
    "audit tail --agent researcher --since 24h --limit 50",
    "audit tail --session 3q2-7wAAAAAAAAAAAAAAAA --reveal",
  );
  example(
    common(
      audit.command("query [name]").description("what security asks first, of all records; without a name, the list"),
    )
      .option("--list", "the questions, and what each asks for")
      .option("--since <time>", "how far back: 15m, 24h, 7d, or a date; each question has its own")
      .option("--until <time>", "up to when, likewise; now unless given")
      .option("--agent <agent>", "of this agent, by its name or SPIFFE ID")
      .option("--resource <uri>", "of this resource")
      .option("--key <id>", "of this access key")
      .option("--audit <folder>", "the audit bucket, as aws s3 sync copies it; the deployment's own unless given")
      .option("--reveal", "decrypt what is said of persons; the audit records to whom it was shown")
      .option("--limit <n>", "the first so many rows")
      .action((name: string | undefined, options: QueryOptions) => {
        if (name === undefined || options.list) return listQuestions(options, line.terminal);
        return runQuery(questionNamed(name), options, line);
      }),
    "audit query --list",
    "audit query activity --agent planner --since 24h",
    `audit query ${auditQuestions[0]?.name ?? ""} --resource https://tickets.support-desk.example --json`,
  );
  example(
    common(audit.command("redrive [events...]").description("have records carried to the trail again, by their ids"))
      .option("--refused", "also those in the queue of refused records, which it leaves once the log holds them")
      .option("--dry-run", "only tell what would be carried")
      .option("--wait <seconds>", "how long to wait until the log holds them", "180")
      .option("--yes", "do not ask")
      .action((events: readonly string[], options: RedriveOptions) =>
        withDeployment(options, async (context) =>
          runRedrive(events, options, context, await portsOfDeployment(options, { ...context, cwd: line.folder })),
        ),
      ),
    "audit redrive 6hRZ0pYcT2mQ9wLk1sVb3A --dry-run --outputs outputs.json",
    "audit redrive --refused --outputs outputs.json",
  );
  example(
    common(
      audit
        .command("findings")
        .description("signatures in CloudTrail that no audited session stands behind; an hour behind"),
    )
      .option("--since <time>", "how far back: 24h, 7d, or a date", "24h")
      .option("--until <time>", "up to when, an hour ago at the latest")
      .option("--audit <folder>", "the audit bucket, as aws s3 sync copies it; with --trail, CloudTrail's, likewise")
      .option("--trail <folder>", "a copy of CloudTrail's bucket")
      .option("--limit <n>", "the first so many")
      .action((options: FindingsOptions) => runFindings(options, line)),
    "audit findings --profile prod --since 7d",
    "audit findings --audit ./audit --trail ./trail --outputs outputs.json --json",
  );
  logCommands(audit, line);
}
