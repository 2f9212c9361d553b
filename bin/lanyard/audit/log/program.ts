import type { Command } from "commander";
import type { CommandLine } from "../../deployment/command-line.ts";
import type { ProfileOptions } from "../../deployment/profile.ts";
import { example } from "../../terminal/help.ts";
import type { LogOptions } from "./known-log.ts";
import { type ProveOptions, runProve } from "./prove.ts";
import { type LogPlace, runVerify, type VerifyOptions } from "./verify.ts";

/** Adds `audit verify` and `audit prove`, which read the log: of a deployment, or of a copy of its bucket without one. */
export function logCommands(audit: Command, { common, withDeployment, terminal, env, folder: cwd }: CommandLine): void {
  const several = (text: string, before: readonly string[] = []) => [...before, text];
  const ofLog = (command: Command) =>
    common(command)
      .option("--log <place>", "the audit bucket (s3://bucket) or a copy of it, as aws s3 sync makes one")
      .option("--key <key>", "the log's verifier key, or a file with it; again for a next one", several)
      .option("--witness <key>", "a witness's verifier key, or a file with it; once for each", several)
      .option("--quorum <n>", "how many of the witnesses must have signed; all unless given");
  const withLog = (options: LogOptions & ProfileOptions, then: (place: LogPlace) => Promise<void>) =>
    options.log !== undefined && options.key !== undefined && !options.profile && !options.outputs
      ? then({ terminal, env, cwd })
      : withDeployment(options, ({ profile }) => then({ profile, terminal, env, cwd }));
  example(
    ofLog(
      audit.command("verify").description("hold the trail against its log, and the log against what was seen of it"),
    )
      .option("--from <time>", "from when on: 24h, 7d, or a date; from the beginning unless given")
      .option("--to <time>", "until when, likewise")
      .option("--against <file>", "a checkpoint that was kept elsewhere; again for more", several)
      .action((options: VerifyOptions & ProfileOptions) => withLog(options, (place) => runVerify(options, place))),
    "audit verify --profile prod --from 7d",
    "audit verify --log ./copy --key log.key --against checkpoint.kept --json",
  );
  example(
    ofLog(audit.command("prove <event>").description("write a proof (.tlog-proof) that the log holds a record"))
      .option("--index <n>", "its place in the log, where it is known: nothing is searched then")
      .option("--out <file>", "where to; - for standard output")
      .action((event: string, options: ProveOptions & ProfileOptions) =>
        withLog(options, (place) => runProve(event, options, place)),
      ),
    "audit prove 6hRZ0pYcT2mQ9wLk1sVb3A --profile prod",
  );
}
