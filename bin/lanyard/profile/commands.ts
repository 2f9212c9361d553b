import { ask } from "../deployment/ask.ts";
import { callerOf } from "../deployment/caller.ts";
import type { ProgramDeps } from "../deployment/command-line.ts";
import type { CommandContext } from "../deployment/context.ts";
import { deploymentLine, deploymentOf } from "../deployment/line.ts";
import { reservedNames } from "../deployment/profile.ts";
import { profileName, profileOfStored, readStored, type Stored, writeStored } from "../deployment/stored.ts";
import { Refused, type Terminal, Usage } from "../terminal/outcome.ts";
import { table } from "../terminal/table.ts";
import { readDescribed } from "./described.ts";

/** Options of `login`. */
export interface LoginOptions {
  readonly stage: string;
  readonly region?: string;
  readonly name?: string;
  readonly awsProfile?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What these commands need; the environment names the file of profiles. */
type Place = Pick<ProgramDeps, "env" | "terminal">;

const patienceMillis = 30_000;

/**
 * `login`: stores a deployment's addresses under a name. No secret is stored: AWS credentials decide on every call who
 * the caller is.
 * @throws Usage, Refused where the name already means another deployment and the change is not confirmed
 */
export async function runLogin(options: LoginOptions, { env, terminal }: Place): Promise<void> {
  const { stage, region, awsProfile, name = stage } = options;
  if (!/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(stage))
    throw new Usage(`${JSON.stringify(stage)} is no stage's name: lower-case letters, digits, dashes`);
  if (!profileName.test(name) || reservedNames.includes(name))
    throw new Usage(`a profile cannot be called ${JSON.stringify(name)}: say another --name`);
  const told = await readDescribed({ stage, ...(region && { region }), ...(awsProfile && { awsProfile }) });
  const found: Stored = { ...told, ...(awsProfile && { awsProfile }) };
  const all = await readStored(env);
  const before = Object.hasOwn(all, name) ? all[name] : undefined;
  if (before) await mayReplace({ name, before, now: found }, options, terminal);
  const file = await writeStored(env, { ...all, [name]: found });
  const profile = profileOfStored(name, found);
  profile.dynamo.destroy();
  const deployment = await deploymentOf(profile);
  if (options.json) return terminal.out(JSON.stringify({ ok: true, ...deployment, file }));
  terminal.out(deploymentLine(deployment, profile));
  terminal.out(`stored in ${file}; use it with --profile ${name}, or export LANYARD_PROFILE=${name}`);
}

/** A stored name, the deployment it means now, and the one it would mean. */
interface Replacement {
  readonly name: string;
  readonly before: Stored;
  readonly now: Stored;
}

/**
 * Asks before a name gets another deployment, since all later orders under that name would go there. @throws Usage,
 * Refused
 */
async function mayReplace({ name, before, now }: Replacement, { yes }: LoginOptions, terminal: Terminal) {
  if (before.account === now.account && before.region === now.region && before.trustDomain === now.trustDomain) return;
  terminal.err(`profile ${name} is stage ${before.stage} in ${before.region} of account ${before.account} so far,`);
  terminal.err(`and would be stage ${now.stage} in ${now.region} of account ${now.account}`);
  if (yes) return;
  if (!terminal.ask) throw new Usage("nothing was stored: nobody can be asked here. Say --yes, or another --name");
  if (!(await terminal.ask(`Let ${name} mean that one?`))) throw new Refused("nothing was stored");
}

/** `logout`: forgets a stored profile. @throws Usage for a name that is not stored */
export async function runLogout(name: string, options: { json?: boolean }, { env, terminal }: Place) {
  const { [name]: gone, ...left } = await readStored(env);
  if (gone === undefined) throw new Usage(`there is no profile ${JSON.stringify(name)}`);
  const file = await writeStored(env, left);
  terminal.out(options.json ? JSON.stringify({ ok: true, forgotten: name, file }) : `profile ${name} is forgotten`);
}

/** `profiles`: lists every stored deployment. */
export async function runProfiles(options: { json?: boolean }, { env, terminal }: Place): Promise<void> {
  const profiles = Object.entries(await readStored(env)).map(([name, { stage, account, region, trustDomain }]) => ({
    name,
    stage,
    account,
    region,
    trustDomain,
  }));
  if (options.json) return terminal.out(JSON.stringify({ ok: true, profiles }));
  if (profiles.length === 0) return terminal.out("there are none: lanyard login --stage <stage> stores one");
  type Row = (typeof profiles)[number];
  const shape = [
    { title: "PROFILE", of: (row: Row) => row.name, whole: true as const },
    { title: "STAGE", of: (row: Row) => row.stage },
    { title: "ACCOUNT", of: (row: Row) => row.account, whole: true as const },
    { title: "REGION", of: (row: Row) => row.region, whole: true as const },
    { title: "TRUST DOMAIN", of: (row: Row) => row.trustDomain },
  ];
  for (const line of table(profiles, shape, terminal.columns)) terminal.out(line);
}

/**
 * `whoami`: shows which deployment would be called here, by which caller, and whether that caller may read it.
 * @throws Refused where there are no credentials, or the deployment lets them see nothing
 */
export async function runWhoami(options: { json?: boolean }, { profile, terminal }: CommandContext): Promise<void> {
  const deployment = await deploymentOf(profile);
  const { account, arn } = await callerOf(profile, patienceMillis);
  const refused = await ask(profile, "registry/versions", { limit: "1" }).then(
    () => undefined,
    (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
  );
  const facts = { ...deployment, from: profile.from, issuer: profile.issuer, caller: { account, arn } };
  if (options.json) {
    if (refused !== undefined) throw new Refused(refused, { ...facts, mayLook: false });
    return terminal.out(JSON.stringify({ ok: true, ...facts, mayLook: true }));
  }
  terminal.out(`profile       ${deployment.profile}  (${profile.from})`);
  terminal.out(`stage         ${deployment.stage ?? "unknown"}`);
  terminal.out(`account       ${deployment.account ?? "unknown"}, ${deployment.region ?? "no Region"}`);
  terminal.out(`trust domain  ${deployment.trustDomain}`);
  terminal.out(`issuer        ${profile.issuer}`);
  terminal.out(`you are       ${arn}`);
  if (account !== deployment.account && deployment.account !== undefined)
    terminal.out(`              of another account, ${account}`);
  if (profile.unsure !== undefined) terminal.out(`unsure        ${profile.unsure}: changes need --profile`);
  terminal.out(`may look      ${refused === undefined ? "yes" : "no"}`);
  if (refused !== undefined) throw new Refused(refused);
}
