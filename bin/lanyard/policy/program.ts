import type { Command } from "commander";
import { createSnapshot, type RegistrySnapshot } from "../../../core/model/snapshot.ts";
import { keysOf } from "../audit/reveal.ts";
import { eventsSince, namedSource } from "../audit/source.ts";
import type { CommandLine, ProgramDeps } from "../deployment/command-line.ts";
import { StaleLocalRun } from "../deployment/local.ts";
import { loadProfile, type Profile, type ProfileOptions } from "../deployment/profile.ts";
import { variablesOf } from "../registry/apply.ts";
import { readRegistry } from "../registry/read.ts";
import { example } from "../terminal/help.ts";
import { Usage } from "../terminal/outcome.ts";
import { sinceMillis } from "../terminal/since.ts";
import { type PlanOptions, type PolicyOptions, runCheck, runPlan, runTest } from "./commands.ts";
import { type ProposedFolder, readProposed } from "./proposed.ts";
import { type Proof, prove } from "./prove.ts";
import { createProver } from "./prover.ts";

type Common = PolicyOptions &
  ProfileOptions & { readonly set: readonly string[]; readonly issuer?: string; readonly trustDomain?: string };

/** Adds `policy check`, `policy test` and `policy plan`. Only `plan` reads more from a deployment than its names. */
export function policyCommands(line: CommandLine): void {
  const { program, terminal } = line;
  const policy = program.command("policy").description("check, test and replay policies before they are applied");
  const command = (name: string, description: string): Command =>
    policy
      .command(name)
      .description(description)
      .option("--set <name=value>", "value of a placeholder in the files; may be repeated", collect, [])
      .option("--issuer <url>", "the deployment's issuer, where none is found")
      .option("--trust-domain <name>", "the deployment's trust domain, where none is found")
      .option("--profile <profile>", "which deployment, as for the other commands")
      .option("--outputs <file>", "names of an AWS deployment, as written by cdk deploy --outputs-file")
      .option("--json", "print one JSON object and nothing else");

  example(
    command("check <folder>", "whether a folder's policies and registrations could be applied").action(
      async (directory: string, options: Common) =>
        runCheck(await folderOf(directory, options, line), options, terminal),
    ),
    "policy check registry",
  );
  example(
    command("test <folder>", "run the cases beside the policies (*.test.yaml)").action(
      async (directory: string, options: Common) =>
        runTest(await folderOf(directory, options, line), options, terminal),
    ),
    "policy test registry",
  );
  example(
    command(
      "plan [folder]",
      "replay recorded decisions against a folder's policies, or, without one, against the current ones",
    )
      .option(
        "--events <where>",
        "deployment (its audit), s3://<bucket>[/<prefix>], or a folder with such objects",
        "deployment",
      )
      .option("--since <time>", "how far back: 24h, 7d, a date (default: 7d; of a folder all of it)")
      .option("--confirm-widening", "succeed although something would newly be permitted")
      .option("--prover <program>", "what proves that no request at all is newly permitted", "lanyard-prove")
      .action(async (directory: string | undefined, options: Common & PlanOptions & EventOptions) => {
        const registry =
          directory === undefined
            ? await registryInForce(options, line)
            : await readProposed(await folderOf(directory, options, line));
        const profile = await profileOf(options, line);
        const keys = profile ? { keyOf: keysOf(profile) } : {};
        const proof = directory === undefined ? {} : { proof: proofOf(registry, profile, options, line) };
        await runPlan({ registry, events: recorded(options, profile, line), ...keys, ...proof }, options, terminal);
      }),
    "policy plan",
    "policy plan registry --since 30d",
  );
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** Which events are replayed. */
interface EventOptions {
  readonly events: string;
  readonly prover: string;
  readonly since?: string;
}

/** The deployment, where one is found or named. */
const profileOf = (options: Common, { env, folder }: ProgramDeps): Promise<Profile | undefined> =>
  loadProfile(options, env, folder).catch((cause: unknown) => {
    const named = options.profile ?? options.outputs ?? env.LANYARD_PROFILE;
    if ((cause instanceof Usage || cause instanceof StaleLocalRun) && !named) return undefined;
    throw cause;
  });

/** The deployment's current registry. @throws Usage where no deployment is found */
async function registryInForce(options: Common, { env, folder }: ProgramDeps): Promise<RegistrySnapshot> {
  const profile = await loadProfile(options, env, folder);
  try {
    const { version, registrations } = await readRegistry(profile);
    return createSnapshot(version, profile.trustDomain, registrations);
  } finally {
    profile.dynamo.destroy();
  }
}

/** What is known of all requests, where there is a deployment whose present policies the proposed ones are held against. */
async function proofOf(
  proposed: RegistrySnapshot,
  profile: Profile | undefined,
  options: EventOptions,
  { env }: ProgramDeps,
): Promise<Proof> {
  if (!profile)
    return { result: "not-proved", why: "there is no deployment whose policies these would take the place of" };
  try {
    const { registrations } = await readRegistry(profile);
    const present = registrations.filter((one) => one.kind === "policy");
    return await prove(present, proposed.policies, createProver(options.prover, env));
  } catch (cause) {
    return { result: "not-proved", why: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Recorded events: all of a folder; of a bucket those of the last week, by default. */
function recorded(options: EventOptions, profile: Profile | undefined, deps: ProgramDeps) {
  const { events, since } = options;
  const source = namedSource(events, deps.folder, profile);
  const inBucket = events === "deployment" || events.startsWith("s3:");
  const from = since ?? (inBucket ? "7d" : undefined);
  return eventsSince(source, from === undefined ? 0 : sinceMillis(from, Date.now()));
}

/**
 * The folder, with the deployment's names where one is found, otherwise with those of the options. The policies
 * themselves need neither.
 */
async function folderOf(directory: string, options: Common, deps: ProgramDeps): Promise<ProposedFolder> {
  const profile = await profileOf(options, deps);
  profile?.dynamo.destroy();
  return {
    directory,
    issuer: options.issuer ?? profile?.issuer ?? "https://issuer.invalid",
    trustDomain: options.trustDomain ?? profile?.trustDomain ?? "deployment.invalid",
    variables: { ...(profile ? profile.variables : sampleVariables), ...variablesOf(options.set) },
  };
}

/**
 * Sample values of a deployment's names, to check a folder without a deployment. Values of the folder's own
 * placeholders must still be given.
 */
const sampleVariables = {
  account: "000000000000",
  region: "us-east-1",
  trustDomain: "deployment.invalid",
  identityProvider: "https://identity-provider.example",
  stsIssuer: "https://00000000-0000-0000-0000-000000000000.tokens.sts.global.api.aws",
};
