import type { LogPlace } from "../audit/log/verify.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import type { ProfileOptions } from "../deployment/profile.ts";
import { example } from "../terminal/help.ts";
import { Usage } from "../terminal/outcome.ts";
import { type EvidenceOptions, runEvidence } from "./make.ts";
import { runVerifyEvidence, type VerifyEvidenceOptions } from "./verify.ts";

/** Adds `evidence` and `evidence verify`. */
export function evidenceCommands({ command, common, withDeployment, terminal, env, folder: cwd }: CommandLine): void {
  const several = (text: string, before: readonly string[] = []) => [...before, text];
  const place: LogPlace = { terminal, env, cwd };
  const evidence = example(
    command("evidence [session]", "one archive of all that is known of a session's tree, with proof of each record")
      .option("--out <file>", "where to; evidence-<session>.tar unless given")
      .option("--since <time>", "how far back the session is looked for: 24h, 7d, or a date", "7d")
      .option("--log <place>", "the audit bucket (s3://bucket) or a copy of it; the deployment's own unless given")
      .option(
        "--trail <folder>",
        "CloudTrail's bucket, as aws s3 sync copies it; Athena, or the local run's, unless given",
      )
      .option("--key <key>", "the log's verifier key, or a file with it; again for a next one", several)
      .option("--against <file>", "a checkpoint that somebody else kept, to prove that the log continues it", several)
      .action((session: string | undefined, options: EvidenceOptions & ProfileOptions) => {
        if (session === undefined) throw new Usage("evidence about which session? Give its id");
        return withDeployment(options, ({ profile }) => runEvidence(session, options, { ...place, profile }));
      }),
    "evidence 1sJUe-vUbSI9kHAAC5Tg7A --profile prod",
    "evidence 1sJUe-vUbSI9kHAAC5Tg7A --against checkpoint.kept --out case-7.tar",
  );
  example(
    common(evidence.command("verify <file>").description("hold an archive against itself and the log's key, offline"))
      .option("--key <key>", "the log's verifier key, or a file with it, come by another way than the archive", several)
      .option("--against <file>", "a checkpoint that somebody else kept; again for more", several)
      .action((file: string, options: VerifyEvidenceOptions) => runVerifyEvidence(file, options, place)),
    "evidence verify case-7.tar --key log.key --against checkpoint.kept",
  );
}
