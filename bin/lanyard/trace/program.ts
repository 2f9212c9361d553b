import { isAbsolute, resolve } from "node:path";
import type { Question } from "../../../core/lineage/read.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { Usage } from "../terminal/outcome.ts";
import type { OutputOptions } from "../terminal/output.ts";
import { openDuckDb } from "./duckdb.ts";
import type { Engine } from "./engine.ts";
import { keyOfFinding } from "./finding.ts";
import { openEngine } from "./open.ts";
import { runTrace } from "./trace.ts";

interface TraceOptions extends OutputOptions {
  readonly audit?: string;
  readonly trail?: string;
  readonly since: string;
  readonly finding?: string;
}

/** What an id looks like, by what it is of; a text with anything else in it is asked of nobody. */
const shapes: Readonly<Record<Question["kind"], RegExp>> = {
  session: /^[A-Za-z0-9_-]{22}$/,
  principal: /^(p_[a-z0-9]{8,64}|spiffe:\/\/[a-z0-9._/-]{3,500})$/,
  event: /^[A-Za-z0-9-]{1,64}$/,
  key: /^[A-Z0-9]{16,128}$/,
  request: /^[A-Za-z0-9-]{1,128}$/,
};

/** Adds `trace session|principal|event|key|request`. */
export function traceCommands({ program, common, withDeployment, folder, terminal }: CommandLine): void {
  const trace = program
    .command("trace")
    .description("who did what at AWS, on whose authority: our records with CloudTrail's");
  const add = (kind: Question["kind"], description: string, question: (id: string) => Question) =>
    common(trace.command(`${kind} ${kind === "key" ? "[id]" : "<id>"}`).description(description))
      .option("--audit <folder>", "our audit bucket, as aws s3 sync copies it; the local run's own unless given")
      .option("--trail <folder>", "CloudTrail's bucket, likewise")
      .option("--since <when>", "of a deployment on AWS: how far back Athena reads, as 24h, 7d or a date", "7d")
      .action(async (given: string | undefined, options: TraceOptions) => {
        const id = kind === "key" ? await keyNamed(given, options, folder) : (given ?? "");
        if (!shapes[kind].test(id)) throw new Usage(`${JSON.stringify(id)} is no ${kind}'s id`);
        const folders = { audit: at(options.audit, folder), trail: at(options.trail, folder) };
        const { audit, trail } = folders;
        const run = (open: () => Engine | Promise<Engine>) => runTrace(question(id), options, { open, terminal });
        if (audit !== undefined && trail !== undefined) return run(() => openDuckDb({ audit, trail }));
        return withDeployment(options, ({ profile }) => run(() => openEngine(profile, folders, options)));
      });
  example(
    add("session", "the tree of a session, down to each call at AWS", (sid) => ({ kind: "session", sid })),
    "trace session 1sJUe-vUbSI9kHAAC5Tg7A --audit ./audit --trail ./cloudtrail",
  );
  example(
    add("principal", "every tree on somebody's authority", (principal) => ({ kind: "principal", principal })),
    "trace principal p_2zqmn5v7yk3xw4h6tc5a7bd2ef3gu4rj --since 30d",
  );
  example(
    add("event", "from one line of CloudTrail back to whoever started it", (eventId) => ({ kind: "event", eventId })),
    "trace event 7c0e7f6e-3f2a-4f0e-9a55-6a1f6d0c9f11",
  );
  example(
    add("key", "whose an access key is: what findings of GuardDuty and Access Analyzer name", (accessKeyId) => ({
      kind: "key",
      accessKeyId,
    })).option("--finding <file>", "a finding as JSON that names the key; - for standard input"),
    "trace key ASIAQ3EGRVTP7EXAMPLE",
    "trace key --finding finding.json",
  );
  example(
    add("request", "by the request id that an SDK, CloudTrail or a record of ours has", (requestId) => ({
      kind: "request",
      requestId,
    })),
    "trace request 4f1c2b7e-0d0c-4a57-9a39-0b6e2f6f8a11",
  );
}

/** The key that was asked about, by its id or by a finding. @throws Usage for neither and for both */
function keyNamed(id: string | undefined, { finding }: TraceOptions, folder: string): string | Promise<string> {
  if ((id === undefined) === (finding === undefined)) throw new Usage("give an access key's id, or --finding <file>");
  return id ?? keyOfFinding(finding === "-" ? "-" : (at(finding, folder) ?? ""));
}

const at = (given: string | undefined, folder: string): string | undefined =>
  given === undefined || isAbsolute(given) ? given : resolve(folder, given);
