import type { Profile } from "./profile.ts";

/** The owner of the credentials that sign a profile's calls, by AWS STS. */
export interface Caller {
  readonly account: string;
  readonly arn: string;
}

/**
 * Asks AWS STS whose credentials these are, which needs no permission.
 * @param timeoutMillis longest wait
 * @throws what the SDK throws, without credentials too
 */
export async function callerOf({ dynamo, kind }: Profile, timeoutMillis: number): Promise<Caller> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { region, credentials, endpoint } = dynamo.config;
  // the local run has one address for all services; on AWS each service has its own
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
