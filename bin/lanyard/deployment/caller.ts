import type { Profile } from "./profile.ts";

/** Whose credentials a profile's calls are signed with, as AWS STS says. */
export interface Caller {
  readonly account: string;
  readonly arn: string;
}

/**
 * Asks AWS STS who calls. Anybody may ask that about himself.
 * @param timeoutMillis longest wait
 * @throws what the SDK throws, without credentials too
 */
export async function callerOf({ dynamo, kind }: Profile, timeoutMillis: number): Promise<Caller> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { region, credentials, endpoint } = dynamo.config;
  // the local run answers for every service at one address; on AWS each has its own
  const at = kind === "local" && endpoint ? { endpoint } : {};
  const sts = new STSClient({ region, credentials, maxAttempts: 2, ...at });
  try {
    const answer = await sts.send(new GetCallerIdentityCommand({}), {
      abortSignal: AbortSignal.timeout(timeoutMillis),
    });
    return { account: answer.Account ?? "unknown", arn: answer.Arn ?? "unknown" };
  } finally {
    sts.destroy();
  }
}
