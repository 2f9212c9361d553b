import type { Command } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type RevocationOptions, sendRevocation } from "./command.ts";

/** Adds `revoke`, `quarantine` and `lift`. */
export function revocationCommands({ command, withDeployment }: CommandLine): void {
  example(
    targets(command("revoke", "end everything issued to the target, and block it until the block is lifted"))
      .option("--session <id>", "this session and everything below it, and the person's login it was opened by")
      .option("--cut-only", "end what exists but leave no block")
      .option("--unseen", "block in advance a principal or a build that was never seen here")
      .option("--dry-run", "only list the sessions it would end, and what it would block")
      .option("--yes", "do not ask")
      .action((options: RevocationOptions) =>
        withDeployment(options, (context) => sendRevocation("revoke", options, context)),
      ),
    "revoke --agent researcher --dry-run",
    'revoke --agent researcher --reason "misbehaves"',
    'revoke --session 3q2-7wAAAAAAAAAAAAAAAA --reason "laptop lost" --yes',
    'revoke --deployment --reason "the signing key was seen elsewhere"',
    'revoke --build sha256:4d7a --unseen --reason "stolen from the builder"',
  );
  example(
    command("quarantine", "end everything issued to an agent, and leave it what its registration says for quarantine")
      .option("--agent <agent>", "the agent, by its name or SPIFFE ID")
      .option("--reason <text>", "why, for the audit record")
      .option("--dry-run", "only list the sessions it would end")
      .option("--yes", "do not ask")
      .action((options: RevocationOptions) =>
        withDeployment(options, (context) => sendRevocation("quarantine", options, context)),
      ),
    "quarantine --agent researcher --dry-run",
    'quarantine --agent researcher --reason "asks for things it never did"',
  );
  example(
    targets(command("lift", "lift a block, or a quarantine; what was cut stays over"))
      .option("--quarantine", "the agent's quarantine; a block stays, as its quarantine stays without this")
      .option("--session <id>", "clear the person's login that was burnt with this session; the session stays over")
      .option("--yes", "do not ask")
      .action((options: RevocationOptions) =>
        withDeployment(options, (context) => sendRevocation("lift", options, context)),
      ),
    'lift --agent researcher --reason "fixed in build 42"',
    'lift --agent researcher --quarantine --reason "a test of ours"',
  );
}

const targets = (command: Command): Command =>
  command
    .option("--agent <agent>", "an agent, by its name or SPIFFE ID")
    .option("--principal <id>", "who started the work: p_... or an agent's SPIFFE ID")
    .option("--build <digest>", "a build, by the digest it was attested with")
    .option("--deployment [trust-domain]", "everything")
    .option("--reason <text>", "why, for the audit record");
