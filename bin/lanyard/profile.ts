import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { Usage } from "./outcome.ts";
import { environmentNames, environmentProfile, outputsProfile } from "./profile/aws.ts";
import { findLocalRun, localProfile } from "./profile/local.ts";
import { readStored, storedFile, storedProfile } from "./profile/stored.ts";

/** Which deployment a command talks to, as its options say. */
export interface ProfileOptions {
  /** `local`, `aws` (the names in the environment or in `outputs`), or a profile that `lanyard login` stored. */
  readonly profile?: string;
  /** File of `cdk deploy --outputs-file`, for aws. */
  readonly outputs?: string;
}

/** A deployment and the operator's way into it. */
export interface Profile {
  /** `local`, `aws`, or the name it was stored under. */
  readonly name: string;
  readonly kind: "local" | "aws";
  /** Where its names were found, for whoever must know which deployment this is. */
  readonly from: string;
  /**
   * Why it may not be the one that is meant: nobody named it, and something else is there that could be. What changes a
   * deployment is refused then.
   */
  readonly unsure?: string;
  readonly stage?: string;
  /** Twelve digits; absent where neither profile nor outputs tell. */
  readonly account?: string;
  /** That of its functions' URLs; absent where these are not Lambda's own. */
  readonly region?: string;
  readonly issuer: string;
  readonly trustDomain: string;
  readonly admin: string;
  /** URL of the function that writes the registry. */
  readonly adminWrite: string;
  /** URL of the function that operators look through. */
  readonly adminRead: string;
  /** Where the audit is: a folder as the local run keeps it, or a bucket; absent where neither is named. */
  readonly audit?: { readonly folder: string } | { readonly bucket: string };
  /** URL of the function that takes orders to rotate keys; absent where only older names are known. */
  readonly adminRotate?: string;
  /** Values of `${...}` known without being told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Carries Region and credentials; also asked for them to sign calls. */
  readonly dynamo: DynamoDBClient;
}

/** The process's environment. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Names that no stored profile may have. */
export const reservedNames: readonly string[] = ["local", "aws"];

/**
 * Finds the deployment. What is named explicitly goes first: options, then `LANYARD_PROFILE`, then a deployment's names in
 * the environment, then the only stored profile. The local run's file counts when it is named or nothing else is there:
 * one left behind in a folder must never take an order that was meant for AWS (a revocation that ends with 0 and revoked
 * nothing). Names are never mixed from two places.
 * @param folder where to look for the local run's file
 * @throws Usage saying what is missing or cannot be told apart, StaleLocalRun
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

/** Nothing names a deployment: the only one there is, or a refusal that says what there is. */
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

/** What a shell has that works with an AWS account. A Region alone says nothing of where one works. */
const awsSettings = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
] as const;

export { storedFile };
