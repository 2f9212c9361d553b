import type { Profile } from "./profile.ts";

/** A deployment's name, as every change shows it. */
export interface NamedDeployment {
  readonly profile: string;
  readonly stage?: string;
  readonly account?: string;
  readonly region?: string;
  readonly trustDomain: string;
}

/** How long to wait for AWS to say whose credentials these are; without the answer the line is only less complete. */
const patienceMillis = 10_000;

/**
 * The name of a profile's deployment. Where neither profile nor outputs name the account, it is that of the caller's
 * credentials, by AWS STS.
 */
export async function deploymentOf(profile: Profile): Promise<NamedDeployment> {
  const { name, kind, stage, trustDomain } = profile;
  const account = profile.account ?? (kind === "aws" ? await callersAccount(profile) : undefined);
  const region = profile.region ?? (await profile.dynamo.config.region().catch(() => undefined));
  return {
    profile: name,
    ...(stage === undefined ? {} : { stage }),
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    trustDomain,
  };
}

async function callersAccount(profile: Profile): Promise<string | undefined> {
  const { callerOf } = await import("./caller.ts");
  return callerOf(profile, patienceMillis).then(
    ({ account }) => account,
    () => undefined,
  );
}

/** One line for people, before anything is changed. */
export function deploymentLine(
  { stage, account, region, trustDomain }: NamedDeployment,
  { from }: Pick<Profile, "from">,
): string {
  const words = [
    stage === undefined ? "of no known stage" : `stage ${stage}`,
    account === undefined ? "account unknown" : `account ${account}`,
    region ?? "no Region",
    `trust domain ${trustDomain}`,
  ];
  return `deployment  ${words.join(", ")}  (${from})`;
}
