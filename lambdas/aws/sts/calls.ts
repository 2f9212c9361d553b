import {
  AssumeRoleCommand,
  type AssumeRoleCommandOutput,
  GetScopedCredentialsCommand,
  type GetScopedCredentialsCommandOutput,
  STSClient,
} from "@aws-sdk/client-sts";
import type { AwsCredentials, Sts, StsFailure, StsGiven } from "../../../core/credentials/sts.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** One try and, where it was throttled or broke, one more: whoever asks waits for both. */
const attempts = 2;
const timeouts = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/**
 * Opens the way to STS of one Region, by its regional endpoint: GetScopedCredentials has no other, and CloudTrail notes
 * a call where it was made.
 * @param region the function's own
 */
export function openSts(region: string): Sts {
  const own = new STSClient({ region, maxAttempts: attempts, requestHandler: timeouts });
  const { requestHandler } = own.config;
  return {
    assumeRole: (order, untilMillis) =>
      answered(untilMillis, (abortSignal) =>
        own.send(
          new AssumeRoleCommand({
            RoleArn: order.roleArn,
            RoleSessionName: order.roleSessionName,
            SourceIdentity: order.sourceIdentity,
            ExternalId: order.externalId,
            Tags: Object.entries(order.tags).map(([Key, Value]) => ({ Key, Value })),
            // what the session chains into keeps them: no agent can leave its name behind, nor take another's
            TransitiveTagKeys: Object.keys(order.tags),
            Policy: order.policy,
            DurationSeconds: order.durationSeconds,
          }),
          { abortSignal },
        ),
      ),
    getScopedCredentials: ({ expiresAtSeconds: _, ...credentials }, order, untilMillis) => {
      // a client holds one identity; the connections are shared
      const theirs = new STSClient({ region, maxAttempts: attempts, requestHandler, credentials });
      return answered(untilMillis, (abortSignal) =>
        theirs.send(
          new GetScopedCredentialsCommand({
            ...(order.policy === undefined ? {} : { Policy: order.policy }),
            ...(order.durationSeconds === undefined ? {} : { DurationSeconds: order.durationSeconds }),
            ScopedSessionDescription: order.description,
          }),
          { abortSignal },
        ),
      );
    },
  };
}

/** @throws what is a bug of ours, or of our own credentials */
async function answered(
  untilMillis: number,
  send: (abortSignal: AbortSignal) => Promise<AssumeRoleCommandOutput | GetScopedCredentialsCommandOutput>,
): Promise<Result<StsGiven, StsFailure>> {
  const abortSignal = AbortSignal.timeout(Math.max(1, untilMillis - Date.now()));
  try {
    const { Credentials, $metadata } = await send(abortSignal);
    return ok({ credentials: credentialsIn(Credentials), requestId: $metadata.requestId ?? "" });
  } catch (failure) {
    return err(failureOf(failure, abortSignal.aborted));
  }
}

function credentialsIn(given: AssumeRoleCommandOutput["Credentials"]): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
  const end = Expiration?.getTime() ?? Number.NaN;
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Number.isNaN(end))
    throw new Error("STS answered without credentials");
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAtSeconds: Math.ceil(end / 1000),
  };
}

/** STS's codes as they stand on the wire; the SDK appends `Exception` to some of their names. */
const refusals = new Set(["AccessDenied", "RegionDisabled"]);
const tooLarge = new Set(["PackedPolicyTooLarge"]);
const passing = new Set([
  ...["Throttling", "ThrottledRequest", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled"],
  ...["ServiceUnavailable", "InternalFailure", "InternalError", "InternalServer", "RequestTimeout", "Timeout"],
]);
/** Ours to mend: what we sent is none of STS's. */
const bugs = new Set([
  "MalformedPolicyDocument",
  "ValidationError",
  "InsufficientSessionLifetime",
  "InvalidParameterValue",
]);

function failureOf(failure: unknown, late: boolean): StsFailure {
  if (!(failure instanceof Error)) throw failure;
  const { $metadata } = failure as { readonly $metadata?: { requestId?: string; httpStatusCode?: number } };
  const code = failure.name.replace(/Exception$/, "");
  const known = $metadata?.requestId === undefined ? {} : { requestId: $metadata.requestId };
  const told = { error: `${code}: ${failure.message.slice(0, 500)}`, ...known };
  if (refusals.has(code)) return { why: "refused", ...told };
  if (tooLarge.has(code)) return { why: "too_large", ...told };
  if (bugs.has(code)) throw new Error(`STS does not take what it was sent: ${told.error} (${$metadata?.requestId})`);
  const status = $metadata?.httpStatusCode ?? 0;
  const isLost = late || ["AbortError", "TimeoutError"].includes(failure.name) || networkCode(failure) !== undefined;
  if (passing.has(code) || status >= 500 || isLost)
    return { why: "unavailable", error: late ? "it took too long" : (networkCode(failure) ?? code), ...known };
  throw failure;
}

/** `ECONNREFUSED` and the like. */
function networkCode(failure: Error): string | undefined {
  const { code } = failure as { readonly code?: unknown };
  return typeof code === "string" && /^E[A-Z_]+$/.test(code) ? code : undefined;
}
