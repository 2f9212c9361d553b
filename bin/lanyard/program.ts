import { Command, CommanderError } from "commander";
import { type AttestOptions, runAttest } from "./attest-command.ts";
import { auditCommands } from "./audit/program.ts";
import type { CommandLine } from "./command-line.ts";
import { outlineOf } from "./completion/outline.ts";
import { completionScript, shells } from "./completion/scripts.ts";
import { endingCommands } from "./ending-program.ts";
import { exitCodes, Refused, type Terminal, Told, Usage } from "./outcome.ts";
import { policyCommands } from "./policy/program.ts";
import { loadProfile, type Profile, type ProfileOptions } from "./profile.ts";
import { readingCommands } from "./reading/program.ts";
import { registryCommands } from "./registry/program.ts";
import { runStatus } from "./status-command.ts";

/** What the program stands on; a test gives its own. */
export interface ProgramDeps {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder the command was called in. */
  readonly folder: string;
}

type Common = ProfileOptions & { readonly json?: boolean };

const examples = `
Examples:
  $ lanyard status
  $ lanyard apply examples/support-desk
  $ lanyard apply registry --outputs outputs.json --set account=111122223333 --yes
  $ lanyard agents planner
  $ lanyard sessions --agent researcher --tree
  $ lanyard sessions 3q2-7wAAAAAAAAAAAAAAAA
  $ lanyard principals
  $ lanyard revoke --agent researcher --dry-run
  $ lanyard revoke --session 3q2-7wAAAAAAAAAAAAAAAA --reason "laptop lost"
  $ lanyard revoke --agent researcher --reason "misbehaves"
  $ lanyard lift --agent researcher --reason "fixed in build 42"
  $ lanyard suspend researcher --reason "odd behaviour"
  $ lanyard rollback --to 12 --reason "the new policies lock the night shift out"
  $ lanyard policy plan registry --since 30d
  $ lanyard audit tail --follow --denied
  $ lanyard rotate --purpose session --reason "before its time"
  $ lanyard rotate --purpose session --emergency --reason "seen elsewhere"
  $ lanyard attest --explain document.bin --at 2026-08-01T00:00:00Z

Which deployment: the local run's .lanyard/endpoints.json where there is one, else AWS by the usual credential chain,
with names from --outputs (cdk deploy --outputs-file) or LANYARD_ISSUER, LANYARD_TRUST_DOMAIN, LANYARD_ADMIN_URL, LANYARD_ADMIN_READ_URL,
LANYARD_ADMIN_WRITE_URL, LANYARD_ADMIN_ROTATE_URL, LANYARD_AUDIT_BUCKET.

Exit codes: 0 done, 1 refused or failed, 2 not called right.`;

/**
 * Runs one command line.
 * @param args what stands behind `lanyard`
 * @returns the exit code
 */
export async function run(args: readonly string[], deps: ProgramDeps): Promise<number> {
  const json = args.includes("--json");
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

/** One session's id in 64 begins with a dash: behind the command that takes one it is no option. */
function idsAsOperands(args: readonly string[]): readonly string[] {
  const [command = "", id = "", ...rest] = args;
  const takesId = command === "sessions" || command === "story";
  return takesId && /^-[A-Za-z0-9_-]{21}$/.test(id) ? [command, ...rest, "--", id] : args;
}

/** What went wrong, and for the usual two what to do. */
const messageOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : "";
  if (["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT"].includes(code))
    return `the deployment cannot be reached (${cause.message}); for the local run, is npm start up?`;
  if (cause.name === "CredentialsProviderError") return `there are no AWS credentials: ${cause.message}`;
  return cause.message || cause.name;
};

const build = ({ terminal, env, folder: cwd }: ProgramDeps): Command => {
  const program = new Command("lanyard")
    .description("Operates a Lanyard deployment: its registry, and what is revoked")
    .addHelpText("after", examples)
    .showHelpAfterError("(lanyard --help shows what there is)")
    .exitOverride()
    .configureOutput({ writeOut: (s) => terminal.out(s.trimEnd()), writeErr: (s) => terminal.err(s.trimEnd()) });
  const common = (of: Command): Command =>
    of
      .option(
        "--profile <name>",
        "local or aws (default: local where the local run has left its file)",
        oneOf("local", "aws"),
      )
      .option("--outputs <file>", "names of an AWS deployment, as written by cdk deploy --outputs-file")
      .option("--json", "print one JSON object and nothing else");
  const command = (name: string, description: string): Command =>
    common(program.command(name).description(description));
  const withProfile = async (options: object, then: (profile: Profile) => Promise<void>) => {
    const profile = await loadProfile(options as Common, env, cwd);
    await then(profile).finally(() => profile.dynamo.destroy());
  };

  const line: CommandLine = { program, terminal, common, command, withProfile };

  registryCommands(line);
  endingCommands(line);
  command("status", "whether the deployment answers, and what is registered").action((options: Common) =>
    withProfile(options, (profile) => runStatus(options, profile, terminal)),
  );
  readingCommands(line);
  auditCommands(line);
  policyCommands(program, { terminal, env, folder: cwd });
  program
    .command("attest")
    .description(
      "explain a workload's document: what it is, which checks pass, which fails and why; asks no deployment",
    )
    .requiredOption("--explain <file>", "the document: a JWT, evidence as JSON, a Nitro or EC2 document, an X.509-SVID")
    .option("--at <time>", "the clock, as seconds since the epoch or ISO 8601 (default: now)")
    .option("--settings <file>", "trust roots, keys and expected values (docs/attestors/README.md)")
    .option("--type <type>", "what it is, where its shape does not tell")
    .option("--online", "let AWS STS be asked about a signed GetCallerIdentity request")
    .option("--json", "print one JSON object and nothing else")
    .action((options: AttestOptions) => runAttest(options, terminal));
  program
    .command("completion <shell>")
    .description(`print what makes a shell complete these commands: ${shells.join(", ")}`)
    .action((shell: string) => {
      const known = shells.find((each) => each === shell);
      if (known === undefined)
        throw new Usage(`there is completion for ${shells.join(", ")}, not ${JSON.stringify(shell)}`);
      terminal.out(completionScript(known, outlineOf(program)).trimEnd());
    });
  return program;
};

const oneOf =
  (...allowed: readonly string[]) =>
  (value: string): string => {
    if (!allowed.includes(value)) throw new Usage(`--profile is ${allowed.join(" or ")}, not ${JSON.stringify(value)}`);
    return value;
  };
