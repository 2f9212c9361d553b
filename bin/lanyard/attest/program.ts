import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type AttestOptions, runAttest } from "./command.ts";

/** Adds `attest`, which calls no deployment. */
export function attestCommands({ program, terminal }: CommandLine): void {
  example(
    program
      .command("attest")
      .description(
        "explain a workload's document: what it is, which checks pass, which fails and why; calls no deployment",
      )
      .requiredOption(
        "--explain <file>",
        "the document: a JWT, evidence as JSON, a Nitro or EC2 document, an X.509-SVID",
      )
      .option("--at <time>", "the clock, as seconds since the epoch or ISO 8601 (default: now)")
      .option("--settings <file>", "trust roots, keys and expected values (docs/attestation/README.md)")
      .option("--type <type>", "its type, where its shape does not show it")
      .option("--online", "let AWS STS be asked about a signed GetCallerIdentity request")
      .option("--json", "print one JSON object and nothing else")
      .action((options: AttestOptions) => runAttest(options, terminal)),
    "attest --explain document.bin --at 2026-08-01T00:00:00Z",
  );
}
