/** What is known of a call to the endpoint once it is answered. */
import type { Caller } from "../iam/caller.ts";
import type { Access } from "../service.ts";

/** One call that reached the endpoint, as tests look at it. */
export interface CallRecord {
  readonly service: string;
  readonly operation: string;
  readonly roleArn: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly status: number;
  /** Why it was refused, in AWS's word; absent when it was not. */
  readonly code?: string;
}

/** The same with all that CloudTrail could say of it. */
export interface ServedCall extends CallRecord {
  readonly caller: Caller;
  readonly atMillis: number;
  readonly sourceIp: string;
  /** Members of the request by AWS's names; of a form its fields. */
  readonly input: unknown;
  /** The answer's body: an object where the service speaks JSON, text where it speaks XML, nothing on a refusal. */
  readonly output?: unknown;
  readonly message?: string;
  /** The service that called in the role's name, such as `firehose.amazonaws.com`. */
  readonly invokedBy?: string;
  /** What was asked of IAM, as far as the call came. */
  readonly access: readonly Access[];
}

/** A call under way: filled in as it is understood. */
export interface Call {
  readonly service: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly userAgent: string;
  readonly sourceIp: string;
  operation: string;
  input: unknown;
  access: readonly Access[];
}

/** The part that is kept in memory. */
export const recordOf = ({
  service,
  operation,
  roleArn,
  userAgent,
  requestId,
  status,
  code,
}: ServedCall): CallRecord => ({
  service,
  operation,
  roleArn,
  userAgent,
  requestId,
  status,
  ...(code === undefined ? {} : { code }),
});
