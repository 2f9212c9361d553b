import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { TakeRole } from "./agent/aws-credentials.ts";
import { LanyardError } from "./error.ts";

export type { AwsCredentials } from "./aws/held-credentials.ts";

/** How a role is taken. */
export interface OwnRoleInput {
  /** Region of STS. */
  readonly region: string;
  /** How long each pair lives, in seconds, 900 to 3,600; 900 unless given, the least that STS gives. */
  readonly lifetimeSeconds?: number;
  /** Another STS endpoint: a VPC endpoint, or the embedded cloud. */
  readonly endpoint?: string;
}

/**
 * Takes a role that is registered as the agent's own (`exclusive`), at STS and by itself, with the token that a session
 * gets for it: `session.aws({ resource, own: ownRole({ region }) })`. **What it gives is the whole role, and may outlive the
 * session by up to an hour**; without it `session.aws` gives the session's part of the role, and ends with the session.
 * @returns what `own` takes; it throws LanyardError `own_role_refused` with AWS's error by name
 * @throws RangeError for a life out of bounds
 */
export function ownRole({ region, lifetimeSeconds = 900, endpoint }: OwnRoleInput): TakeRole {
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 900 || lifetimeSeconds > 3_600)
    throw new RangeError("lifetimeSeconds is 900 to 3,600");
  // nobody signs this call: the token is all that STS asks for
  const sts = new STSClient({ region, ...(endpoint ? { endpoint } : {}) });
  return async ({ token, roleArn, roleSessionName }) => {
    const order = { RoleArn: roleArn, RoleSessionName: roleSessionName, WebIdentityToken: token };
    const command = new AssumeRoleWithWebIdentityCommand({ ...order, DurationSeconds: lifetimeSeconds });
    const { Credentials: given } = await sts.send(command).catch((cause: unknown) => {
      // AWS's own words may quote the token: its error's name says what to look for
      throw failed(cause instanceof Error ? cause.name : "unknown");
    });
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
      throw failed("an answer without credentials");
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given;
    return { accessKeyId, secretAccessKey, sessionToken, expiration: given.Expiration };
  };
}

const failed = (description: string) => new LanyardError("own_role_refused", "credentials", { description });
