import { Command, CommanderError, Option } from "commander";
import { agentCommands } from "./agents/program.ts";
import { approvalCommands } from "./approvals/program.ts";
import { attestCommands } from "./attest/program.ts";
import { auditCommands } from "./audit/program.ts";
import { awsCredentialsCommands } from "./aws-credentials/program.ts";
import { awsPoliciesCommands } from "./aws-policies/program.ts";
import { budgetCommands } from "./budgets/program.ts";
import { canaryCommands } from "./canary/program.ts";
import { completionCommands } from "./completion/program.ts";
import type { CommandLine, ProgramDeps } from "./deployment/command-line.ts";
import type { CommandContext } from "./deployment/context.ts";
import { loadProfile, type ProfileOptions } from "./deployment/profile.ts";
import { codeOf } from "./deployment/unreachable.ts";
import { evidenceCommands } from "./evidence/program.ts";
import { keyCommands } from "./keys/program.ts";
import { killCommands } from "./kill/program.ts";
import manifest from "./package.json" with { type: "json" };
import { policyCommands } from "./policy/program.ts";
import { principalCommands } from "./principals/program.ts";
import { profileCommands } from "./profile/program.ts";
import { registryCommands } from "./registry/program.ts";
import { revocationCommands } from "./revocation/program.ts";
import { sessionCommands } from "./sessions/program.ts";
import { statusCommands } from "./status/program.ts";
import { exitCodes, Refused, Told, Usage } from "./terminal/outcome.ts";
import { asksForJson, formats, type OutputOptions } from "./terminal/output.ts";
import { toolsCommands } from "./tools/program.ts";
import { traceCommands } from "./trace/program.ts";

type Common = ProfileOptions & OutputOptions;

const examples = `
Examples:
  $ lanyard login --stage prod
  $ lanyard status --profile prod
  $ lanyard apply examples/support-desk
  $ lanyard agents planner
  $ lanyard sessions --agent researcher --tree
  $ lanyard revoke --agent researcher --dry-run
  $ lanyard revoke --agent researcher --reason "misbehaves"
  $ lanyard kill agent researcher --reason "misbehaves, and no function answers"
  $ lanyard policy plan registry --since 30d
  $ lanyard audit tail --follow --denied
  $ lanyard trace session 1sJUe-vUbSI9kHAAC5Tg7A
  $ lanyard evidence 1sJUe-vUbSI9kHAAC5Tg7A
Each command's own --help has more.

Which deployment, first what is named: --profile (one that lanyard login stored; local: the local run; aws: the names in
the environment) or --outputs (a file of cdk deploy --outputs-file), LANYARD_PROFILE, LANYARD_ISSUER with
LANYARD_TRUST_DOMAIN, LANYARD_ADMIN_URL, LANYARD_ADMIN_READ_URL and LANYARD_ADMIN_WRITE_URL (and, where needed,
LANYARD_ADMIN_ROTATE_URL, LANYARD_APPROVE_URL, LANYARD_AUDIT_BUCKET, LANYARD_STAGE, LANYARD_ACCOUNT), the only stored profile, and last the
local run's .lanyard/endpoints.json. lanyard whoami says which one it is. Credentials come by the usual AWS chain.

What changes a deployment names it on standard error, shows what it would reach, and asks. --yes leaves out the question;
where nobody can be asked, nothing is changed without it.

Exit codes: 0 done; 1 refused, failed or not reached; 2 not called right, or not confirmed.`;

/**
 * Runs one command line.
 * @param args the arguments after `lanyard`
 * @returns the exit code
 */
export async function run(args: readonly string[], deps: ProgramDeps): Promise<number> {
  const json = asksForJson(args);
  try {
    await build(deps).parseAsync([...idsAsOperands(args)], { from: "user" });
    return exitCodes.ok;
  } catch (cause) {
    if (cause instanceof CommanderError) {
      if (cause.exitCode === 0) return exitCodes.ok;
      if (json) deps.terminal.out(JSON.stringify({ ok: false, message: cause.message }));
      return exitCodes.usage;
    }
    if (cause instanceof Told) return exitCodes.refused;
    const message = messageOf(cause);
    const facts = cause instanceof Refused ? cause.facts : {};
    if (json) deps.terminal.out(JSON.stringify({ ok: false, message, ...facts }));
    else deps.terminal.err(message);
    return cause instanceof Usage ? exitCodes.usage : exitCodes.refused;
  }
}

/** One session id in 64 begins with a dash. After a command that takes an id, such an argument is not an option. */
function idsAsOperands(args: readonly string[]): readonly string[] {
  const isOfTwo = ["trace session", "audit prove"].includes(args.slice(0, 2).join(" "));
  const length = isOfTwo ? 2 : 1;
  const takesId = length === 2 || ["sessions", "story", "evidence"].includes(args[0] ?? "");
  const [command, id = "", rest] = [args.slice(0, length), args[length], args.slice(length + 1)];
  return takesId && /^-[A-Za-z0-9_-]{21}$/.test(id) ? [...command, ...rest, "--", id] : args;
}

/** The message of a failure, with advice for the usual ones. */
const messageOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  const { name, message } = cause;
  const code = codeOf(cause);
  if (["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT"].includes(code))
    return `AWS or the deployment cannot be reached (${message || code}): is there a network? For the local run, is npm start up?`;
  if (name === "CredentialsProviderError" || name === "TokenProviderError")
    return `there are no AWS credentials: ${message}. Log in to AWS (aws sso login), or set AWS_PROFILE`;
  if (["ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"].includes(name))
    return `your AWS credentials have expired or are not valid: log in to AWS again (aws sso login): ${message}`;
  if (/^Region is missing/.test(message)) return "which Region? Set AWS_REGION, or say --region at lanyard login";
  return message || name;
};

const build = ({ terminal, env, folder }: ProgramDeps): Command => {
  const program = new Command("lanyard")
    .description("Operates a Lanyard deployment: its registry, and what is revoked")
    .version(manifest.version, "--version", "print the version of this command")
    // option --version of a command (export) belongs to that command
    .enablePositionalOptions()
    .addHelpText("after", examples)
    .showHelpAfterError("(lanyard --help shows what there is)")
    .exitOverride()
    .configureOutput({ writeOut: (s) => terminal.out(s.trimEnd()), writeErr: (s) => terminal.err(s.trimEnd()) });
  const common = (of: Command): Command =>
    of
      .option("--profile <profile>", "which deployment: a stored profile, local, or aws (lanyard --help says more)")
      .option("--outputs <file>", "names of an AWS deployment, as written by cdk deploy --outputs-file")
      .option("--json", "print one JSON object and nothing else; the same as --output json")
      .addOption(
        new Option("-o, --output <format>", "jsonl, tsv and id are for lists: an object a line, columns, ids alone")
          .choices(formats)
          .conflicts("json"),
      )
      .hook("preAction", (_, called) => {
        if (called.getOptionValue("output") === "json") called.setOptionValue("json", true);
      });
  const command = (name: string, description: string): Command =>
    common(program.command(name).description(description));
  const watching = (of: Command): Command =>
    of.option("--watch [seconds]", "look again every so many seconds (5) until interrupted");
  const withDeployment = async (options: object, then: (context: CommandContext) => Promise<void>) => {
    const profile = await loadProfile(options as Common, env, folder);
    if (profile.unsure !== undefined) terminal.err(`(this is ${profile.from}; ${profile.unsure})`);
    await then({ profile, terminal }).finally(() => profile.dynamo.destroy());
  };

  const line: CommandLine = { program, terminal, env, folder, common, command, watching, withDeployment };

  profileCommands(line);
  registryCommands(line);
  revocationCommands(line);
  killCommands(line);
  approvalCommands(line);
  keyCommands(line);
  statusCommands(line);
  agentCommands(line);
  sessionCommands(line);
  principalCommands(line);
  budgetCommands(line);
  auditCommands(line);
  toolsCommands(line);
  traceCommands(line);
  evidenceCommands(line);
  policyCommands(line);
  attestCommands(line);
  awsCredentialsCommands(line);
  canaryCommands(line);
  awsPoliciesCommands(line);
  completionCommands(line);
  return program;
};
