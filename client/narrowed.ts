import { GetScopedCredentialsCommand, STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { type Clock, momentOf } from "../core/model/ports.ts";
import { type AwsCredentialsProvider, type FetchedCredentials, holdCredentials } from "./aws/held-credentials.ts";
import { LanyardError } from "./error.ts";
import { machineClock } from "./machine-clock.ts";

export type { AwsCredentials, AwsCredentialsProvider } from "./aws/held-credentials.ts";

/** How a role's own credentials are narrowed. */
export interface NarrowedInput {
  /** STS narrows at its regional endpoints only. */
  readonly region: string;
  /** The workload's own temporary credentials, by the SDK's usual chain unless given. */
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
  /** What is left of their rights: an IAM policy, or its JSON, of at most 2,048 characters. */
  readonly policy: string | object;
  /** How long each narrowed pair lives, in seconds, 60 to 3,600; 300 unless given. */
  readonly lifetimeSeconds?: number;
  /** Stands in CloudTrail with each call, such as the session's id; at most 256 characters. */
  readonly description?: string;
  /** Another STS endpoint: a VPC endpoint, or the embedded cloud. */
  readonly endpoint?: string;
  readonly clock?: Clock;
}

/**
 * Narrows credentials that this workload has anyway, by `sts:GetScopedCredentials`: for what is started with them and
 * should do less. **Not enforced by Lanyard**: the process keeps its wider credentials, no registration and no session is
 * asked, nothing is recorded but by CloudTrail, and no revocation ends them. What an agent must not do, its role must not
 * allow; `session.aws` gives credentials that end with a session.
 * @returns a provider for any client of AWS's SDK; it throws LanyardError `narrowing_failed` with AWS's error by name
 * @throws RangeError for a life or a text out of bounds
 */
export function narrowed(input: NarrowedInput): AwsCredentialsProvider {
  const { region, credentials, endpoint, clock = machineClock } = input;
  const order = orderOf(input);
  const sts = new STSClient({ region, ...(credentials ? { credentials } : {}), ...(endpoint ? { endpoint } : {}) });
  return holdCredentials({
    clock,
    mustLive: () => undefined,
    worthRenewing: () => true,
    async fetchCredentials() {
      try {
        return await narrow(sts, order, clock);
      } catch (cause) {
        if (cause instanceof LanyardError) throw cause;
        // AWS's own words may name what was signed: its error's name says what to look for
        throw failed(cause instanceof Error ? cause.name : "unknown");
      }
    },
  });
}

/** What is asked of STS each time. */
interface Order {
  readonly policy: string;
  readonly lifetimeSeconds: number;
  readonly description: string | undefined;
}

function orderOf({ policy, lifetimeSeconds = 300, description }: NarrowedInput): Order {
  const text = typeof policy === "string" ? policy : JSON.stringify(policy);
  if (text.length === 0 || text.length > 2_048) throw new RangeError("policy has 1 to 2,048 characters as JSON");
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 60 || lifetimeSeconds > 3_600)
    throw new RangeError("lifetimeSeconds is 60 to 3,600");
  if (description !== undefined && (description.length === 0 || description.length > 256))
    throw new RangeError("description has 1 to 256 characters");
  return { policy: text, lifetimeSeconds, description };
}

async function narrow(sts: STSClient, order: Order, clock: Clock): Promise<FetchedCredentials> {
  const { expiration } = await sts.config.credentials();
  const asked = momentOf(clock);
  // what is narrowed never outlives what it was narrowed from
  const leftSeconds = expiration ? Math.floor((expiration.getTime() - asked.wallMillis) / 1000) - 1 : undefined;
  const lifeSeconds = Math.min(order.lifetimeSeconds, Math.max(1, leftSeconds ?? order.lifetimeSeconds));
  const command = new GetScopedCredentialsCommand({
    Policy: order.policy,
    DurationSeconds: lifeSeconds,
    ...(order.description === undefined ? {} : { ScopedSessionDescription: order.description }),
  });
  const { Credentials: given } = await sts.send(command);
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
    throw failed("an answer without credentials");
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given;
  const credentials = { accessKeyId, secretAccessKey, sessionToken, expiration: given.Expiration };
  return { credentials, life: { asked, lifeSeconds } };
}

const failed = (description: string) => new LanyardError("narrowing_failed", "narrowed", { description });
