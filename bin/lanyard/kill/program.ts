import type { Command } from "commander";
import type { KillTarget } from "../../../core/admin/revoke/kill.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import type { Profile } from "../deployment/model.ts";
import { example } from "../terminal/help.ts";
import { type KillOptions, runKill } from "./command.ts";

/** Adds `kill agent`, `kill principal`, `kill build` and `kill everything`. */
export function killCommands(line: CommandLine): void {
  const { program, common, withDeployment } = line;
  const kill = program
    .command("kill")
    .description("end and block when no function answers: writes the tables itself, as a break-glass operator");
  const run = (target: (profile: Profile) => KillTarget, options: KillOptions) =>
    withDeployment(options, (context) => runKill(target(context.profile), options, context));
  const add = (signature: string, description: string) =>
    factors(common(kill.command(signature).description(description)));
  example(
    add("agent <agent>", "an agent, by its name or SPIFFE ID").action((agent: string, options: KillOptions) =>
      run(({ trustDomain }) => ({ agent: spiffeId(agent, trustDomain) }), options),
    ),
    'kill agent researcher --reason "misbehaves" --mfa-serial arn:aws:iam::111122223333:mfa/break-glass',
    "kill agent researcher --dry-run --aws-profile break-glass",
  );
  example(
    add("principal <id>", "who started the work: p_... or an agent's SPIFFE ID").action(
      (principal: string, options: KillOptions) => run(() => ({ principal }), options),
    ),
    'kill principal p_2k4n... --reason "account taken over"',
  );
  example(
    add("build <digest>", "a build, by the digest it was attested with").action((build: string, options: KillOptions) =>
      run(() => ({ build }), options),
    ),
    'kill build sha256:4d7a... --reason "stolen from the builder"',
  );
  example(
    add("everything", "the whole deployment").action((options: KillOptions) =>
      run(({ trustDomain }) => ({ deployment: trustDomain }), options),
    ),
    'kill everything --profile prod --reason "the signing key was seen elsewhere"',
    'kill everything --outputs outputs.json --yes --mfa-serial arn:aws:iam::111122223333:mfa/break-glass --mfa-code 123456 --reason "drill"',
  );
}

const spiffeId = (agent: string, trustDomain: string): string =>
  agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}`;

const factors = (command: Command): Command =>
  command
    .option("--reason <text>", "why, for the audit record")
    .option("--mfa-serial <device>", "your MFA device, by its ARN; asked for where it is needed")
    .option("--mfa-code <code>", "its code now; asked for where it is needed")
    .option("--aws-profile <name>", "profile of your AWS configuration, in place of the deployment's own")
    .option("--dry-run", "take the role and look, and change nothing: rehearse it")
    .option("--yes", "do not ask for the word");
