import { Command, CommanderError } from "commander";
import { type ApplyOptions, runApply } from "./apply-command.ts";
import { type AttestOptions, runAttest } from "./attest-command.ts";
import { auditCommands } from "./audit/program.ts";
import { outlineOf } from "./completion/outline.ts";
import { completionScript, shells } from "./completion/scripts.ts";
import { exitCodes, Refused, type Terminal, Told, Usage } from "./outcome.ts";
import { policyCommands } from "./policy/program.ts";
import { loadProfile, type Profile, type ProfileOptions } from "./profile.ts";
import { readingCommands } from "./reading/program.ts";
import { type ChangeOptions, runRollback, runState, type stateCommands } from "./registry/change-commands.ts";
import { type ExportOptions, runExport, runSchema } from "./registry/commands.ts";
import { type RevocationOptions, sendRevocation } from "./revocation-commands.ts";
import { type RotateOptions, runKeys, runRotate } from "./rotate-command.ts";
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

  command("apply <folder>", "make a folder of YAML files the registry")
    .option("--set <name=value>", "value of a placeholder in the files; may be repeated", collect, [])
    .option("--reason <text>", "why, for the audit record")
    .option("--dry-run", "only show what it would change")
    .option("--yes", "do not ask")
    .action((folder: string, options: ApplyOptions & Common) =>
      withProfile(options, (profile) => runApply(folder, options, profile, terminal)),
    );
  targets(command("revoke", "end what was issued, and block what is named until it is lifted"))
    .option("--session <id>", "this session and everything below it")
    .option("--cut-only", "end what exists but leave no block")
    .option("--dry-run", "only list the sessions it would end, and what it would block")
    .option("--yes", "do not ask before the whole deployment")
    .action((options: RevocationOptions & Common) =>
      withProfile(options, (profile) => sendRevocation("revoke", options, profile, terminal)),
    );
  targets(command("lift", "take a block away; what was cut stays cut")).action((options: RevocationOptions & Common) =>
    withProfile(options, (profile) => sendRevocation("lift", options, profile, terminal)),
  );
  for (const [name, what] of Object.entries(stateMeanings))
    changing(command(`${name} <agent>`, what)).action((agent: string, options: ChangeOptions & Common) =>
      withProfile(options, (profile) =>
        runState(name as keyof typeof stateCommands, agent, options, profile, terminal),
      ),
    );
  changing(command("rollback", "make an earlier version's registrations the registry again"))
    .requiredOption("--to <n>", "that version")
    .action((options: ChangeOptions & Common & { readonly to: string }) =>
      withProfile(options, (profile) => runRollback(options, profile, terminal)),
    );
  command("export <folder>", "give the registry back as a folder that would make it")
    .option("--version <n>", "this version instead of the one that is applied")
    .action((folder: string, options: ExportOptions & Common) =>
      withProfile(options, (profile) => runExport(folder, options, profile, terminal)),
    );
  program
    .command("schema")
    .description("print the JSON Schema of a registration, for editors")
    .action(() => runSchema(terminal));
  command("rotate", "switch a signing key before its time, or at once when it may be in other hands")
    .requiredOption("--purpose <purpose>", "identity, session, status or events")
    .option("--kid <kid>", "one key by its thumbprint (default: every key of the purpose that signs)")
    .option("--emergency", "void what it signed, now")
    .option("--yes", "do not ask before an emergency")
    .requiredOption("--reason <text>", "why, for the audit record")
    .action((options: RotateOptions & Common) =>
      withProfile(options, (profile) => runRotate(options, profile, terminal)),
    );
  command("keys", "how every signing key stands").action((options: Common) =>
    withProfile(options, (profile) => runKeys(options, profile, terminal)),
  );
  command("status", "whether the deployment answers, and what is registered").action((options: Common) =>
    withProfile(options, (profile) => runStatus(options, profile, terminal)),
  );
  readingCommands(program, common, withProfile, terminal);
  auditCommands(program, common, withProfile, terminal);
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

const stateMeanings: Readonly<Record<keyof typeof stateCommands, string>> = {
  suspend: "suspend an agent: it gets nothing, and what it holds is worth nothing, until it is activated",
  activate: "make a draft or suspended agent active",
  retire: "retire an agent for good",
};

const changing = (command: Command): Command =>
  command
    .requiredOption("--reason <text>", "why, for the audit record")
    .option("--dry-run", "only show what it would change");

const targets = (command: Command): Command =>
  command
    .option("--agent <id>", "an agent, by its name or SPIFFE ID")
    .option("--principal <id>", "whoever started the work: p_... or an agent's SPIFFE ID")
    .option("--build <digest>", "a build, by the digest it was attested with")
    .option("--deployment [trust-domain]", "everything")
    .option("--reason <text>", "why, for the audit record");

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

const oneOf =
  (...allowed: readonly string[]) =>
  (value: string): string => {
    if (!allowed.includes(value)) throw new Usage(`--profile is ${allowed.join(" or ")}, not ${JSON.stringify(value)}`);
    return value;
  };
