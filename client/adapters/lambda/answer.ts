import type { AccessError } from "../../resource/access-error.ts";

/** What a function answers through API Gateway, a function URL or a load balancer. */
export interface LambdaAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** A load balancer that hands headers on as lists takes no others back. */
const wantsLists = (event: unknown): boolean => {
  const { requestContext, multiValueHeaders } = event as {
    readonly requestContext?: { readonly elb?: unknown };
    readonly multiValueHeaders?: unknown;
  };
  return typeof requestContext?.elb === "object" && typeof multiValueHeaders === "object" && multiValueHeaders !== null;
};

/** A refusal, in the form that the event's sender reads. */
export function lambdaAnswer({ status, headers, body }: AccessError["reply"], event: unknown): LambdaAnswer {
  return withHeaders({ statusCode: status, body, isBase64Encoded: false }, headers, event);
}

/** An answer of the handler's with more headers. */
export function withHeaders<A extends LambdaAnswer>(
  answer: A,
  more: Readonly<Record<string, string>>,
  event: unknown,
): A {
  if (!wantsLists(event)) return { ...answer, headers: { ...answer.headers, ...more } };
  const lists = Object.entries(more).map(([name, value]) => [name, [value]] as const);
  return { ...answer, multiValueHeaders: { ...answer.multiValueHeaders, ...Object.fromEntries(lists) } };
}
