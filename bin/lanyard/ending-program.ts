import type { Command } from "commander";
import type { CommandLine } from "./command-line.ts";
import { type RevocationOptions, sendRevocation } from "./revocation-commands.ts";
import { type RotateOptions, runKeys, runRotate } from "./rotate-command.ts";

/** Adds the commands that end what was issued: revocations and their lifting, and the keys that signed it. */
export function endingCommands({ command, withProfile, terminal }: CommandLine): void {
  targets(command("revoke", "end what was issued, and block what is named until it is lifted"))
    .option("--session <id>", "this session and everything below it")
    .option("--cut-only", "end what exists but leave no block")
    .option("--dry-run", "only list the sessions it would end, and what it would block")
    .option("--yes", "do not ask before the whole deployment")
    .action((options: RevocationOptions) =>
      withProfile(options, (profile) => sendRevocation("revoke", options, profile, terminal)),
    );
  targets(command("lift", "take a block away; what was cut stays cut")).action((options: RevocationOptions) =>
    withProfile(options, (profile) => sendRevocation("lift", options, profile, terminal)),
  );
  command("rotate", "switch a signing key before its time, or at once when it may be in other hands")
    .requiredOption("--purpose <purpose>", "identity, session, status or events")
    .option("--kid <kid>", "one key by its thumbprint (default: every key of the purpose that signs)")
    .option("--emergency", "void what it signed, now")
    .option("--yes", "do not ask before an emergency")
    .requiredOption("--reason <text>", "why, for the audit record")
    .action((options: RotateOptions) => withProfile(options, (profile) => runRotate(options, profile, terminal)));
  command("keys", "how every signing key stands").action((options: { readonly json?: boolean }) =>
    withProfile(options, (profile) => runKeys(options, profile, terminal)),
  );
}

const targets = (command: Command): Command =>
  command
    .option("--agent <id>", "an agent, by its name or SPIFFE ID")
    .option("--principal <id>", "whoever started the work: p_... or an agent's SPIFFE ID")
    .option("--build <digest>", "a build, by the digest it was attested with")
    .option("--deployment [trust-domain]", "everything")
    .option("--reason <text>", "why, for the audit record");
