import { Usage } from "../terminal/outcome.ts";
import { environmentNames, environmentProfile, outputsProfile } from "./aws.ts";
import { findLocalRun, localProfile } from "./local.ts";
import type { Env, Profile } from "./model.ts";
import { readStored, storedProfile } from "./stored.ts";

/** Options that name the deployment to call. */
export interface ProfileOptions {
  /**
   * `local`, `aws` (with the names from the environment or from `outputs`), or a profile that `lanyard login` stored.
   */
  readonly profile?: string;
  /** File of `cdk deploy --outputs-file`, for aws. */
  readonly outputs?: string;
}

/** Names that no stored profile may have. */
export const reservedNames: readonly string[] = ["local", "aws"];

/**
 * Finds the deployment. Explicit names come first: options, then `LANYARD_PROFILE`, then a deployment's names in the
 * environment, then the only stored profile. The local run's file is used when it is named or nothing else exists: a
 * file that was left in a folder must never receive an order that was meant for AWS, such as a revocation that succeeds
 * and revokes nothing. Names of two places are never mixed.
 * @param folder where to look for the local run's file
 * @throws Usage that says what is missing or ambiguous, StaleLocalRun
 */
export async function loadProfile(options: ProfileOptions, env: Env, folder: string): Promise<Profile> {
  const { outputs } = options;
  const named = options.profile ?? (outputs === undefined ? env.LANYARD_PROFILE || undefined : undefined);
  if (outputs !== undefined && named !== undefined && named !== "aws")
    throw new Usage(`--outputs and --profile ${named} name two deployments: give one of them`);
  if (outputs !== undefined) return outputsProfile(outputs);
  if (named === "local") return localProfile(folder);
  if (named === "aws") return environmentProfile(env);
  if (named !== undefined) return storedProfile(named, env);
  if (environmentNames(env)) return environmentProfile(env);
  return unnamed(env, folder);
}

/** No deployment was named: the only one that exists, or a refusal that lists those that exist. */
async function unnamed(env: Env, folder: string): Promise<Profile> {
  const stored = Object.keys(await readStored(env));
  const local = await findLocalRun(folder);
  const [only] = stored;
  if (stored.length > 1 || (only !== undefined && local)) {
    const all = [...stored, ...(local ? ["local"] : [])];
    throw new Usage(
      `which deployment? There are ${all.join(", ")}: say --profile <name>, or set LANYARD_PROFILE to one of them`,
    );
  }
  if (only !== undefined) return storedProfile(only, env);
  if (!local) return environmentProfile(env);
  const settings = awsSettings.filter((name) => env[name]);
  const profile = await localProfile(folder);
  return settings.length === 0
    ? profile
    : { ...profile, unsure: `${settings.join(" and ")} in the environment may mean a deployment on AWS` };
}

/** Environment variables of a shell that works with an AWS account. A Region alone does not show that. */
const awsSettings = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
] as const;

export type { Env, Profile };
