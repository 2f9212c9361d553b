/** What every emulated AWS service looks like to the front in `local/emulator/aws.ts`. */
import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "./iam/caller.ts";
import type { Context } from "./iam/policy.ts";

/** One permission that a call needs. */
export interface Access {
  /** IAM action, such as `kms:Sign`. */
  readonly action: string;
  readonly resource: string;
  /** Condition keys in lower case. */
  readonly context: Context;
  /** Account that owns the resource, where its ARN names none (a bucket). */
  readonly owner?: string;
  /** ARN of whatever carries the policy that speaks of the resource, where that is another (an object's bucket). */
  readonly carrier?: string;
}

/** An answer in the service's JSON protocol. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A service behind the one endpoint. */
export interface Service {
  /** What stands before the dot of `x-amz-target`. */
  readonly target: string;
  /** Permissions that the call needs, all of them; throws `ServiceError` for what cannot be addressed. */
  access(operation: string, input: Json): Access[];
  call(operation: string, input: Json, caller: Caller): Answer | Promise<Answer>;
}

/** A request as it reached the endpoint, nothing decoded. */
export interface WireRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is sent back; 200 unless it says otherwise. */
export interface WireAnswer {
  readonly status?: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** What of it is logged, where the body is not. */
  readonly logged?: Json;
}

/** A call that was understood: what it is, what it needs, and its answer. */
export interface PlainCall {
  readonly operation: string;
  readonly access: readonly Access[];
  /** What was asked for, by AWS's names. */
  readonly input?: Json;
  /**
   * Throws `ServiceError`.
   * @param requestId as the caller is told it
   */
  answer(requestId: string): WireAnswer | Promise<WireAnswer>;
}

/** A service that reads its operation off path, form or headers; throws `ServiceError` for what it does not know. */
export type PlainService = (request: WireRequest) => PlainCall;

/** A JSON object off the wire. */
export type Json = Readonly<Record<string, unknown>>;

/** An error that a service answers with its own code. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A 200 answer. */
export function ok(body: unknown): Answer {
  return { status: 200, body };
}

/** The error of a call whose operation this machine does not emulate. */
export function unknownOperation(service: string, operation: string): ServiceError {
  return new ServiceError("UnknownOperationException", `the embedded cloud has no ${service} ${operation}`);
}

/** A text member, or the service's validation error. */
export function textMember(input: Json, name: string): string {
  const value = input[name];
  if (typeof value !== "string" || value === "")
    throw new ServiceError("ValidationException", `${name} is missing or no text`);
  return value;
}

/** Condition keys of text values; undefined ones are left out. */
export function contextOf(keys: Readonly<Record<string, string | readonly string[] | undefined>>): Context {
  const context: Record<string, readonly string[]> = {};
  for (const [key, value] of Object.entries(keys)) {
    if (value !== undefined) context[key.toLowerCase()] = typeof value === "string" ? [value] : value;
  }
  return context;
}
