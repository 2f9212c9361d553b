import type { Lineage } from "../aws/lineage.ts";
import type { Result } from "../model/result.ts";

/** Temporary credentials of AWS: whoever holds the three of them is the session they are of. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtSeconds: number;
}

/** What STS gave, and by which request id CloudTrail has it. */
export interface StsGiven {
  readonly credentials: AwsCredentials;
  readonly requestId: string;
}

/**
 * Why STS gave nothing. `refused`: by somebody's policy. `too_large`: what was said does not fit into a session, though each
 * text was within its bound. `unavailable`: throttled, broken or too late; it may be asked again.
 */
export interface StsFailure {
  readonly why: "refused" | "too_large" | "unavailable";
  /** STS's code and, of a refusal, its words. */
  readonly error: string;
  readonly requestId?: string;
}

/** A role to be assumed. */
export interface AssumeOrder extends Lineage {
  readonly roleArn: string;
  readonly externalId: string;
  readonly policy: string;
  readonly durationSeconds: number;
}

/** Credentials to be narrowed or made shorter: at least one of the two. */
export interface ScopeOrder {
  readonly policy?: string;
  readonly durationSeconds?: number;
  /** At most 256 characters; CloudTrail has it. */
  readonly description: string;
}

/** STS of the deployment's own Region. Throws only where its answer, or ours to it, is a bug. */
export interface Sts {
  /**
   * AssumeRole, all tags transitive.
   * @param untilMillis by the clock, when an answer comes too late
   */
  assumeRole(order: AssumeOrder, untilMillis: number): Promise<Result<StsGiven, StsFailure>>;
  /** GetScopedCredentials, called with the credentials it is about. */
  getScopedCredentials(
    held: AwsCredentials,
    order: ScopeOrder,
    untilMillis: number,
  ): Promise<Result<StsGiven, StsFailure>>;
}
