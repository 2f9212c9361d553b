import type { Context } from "aws-lambda";
import type { Call, Reply } from "../../core/model/wire.ts";
import { type Endpoint, httpHandler } from "../../lambdas/http/edge.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";

export const host = "abc123.lambda-url.eu-west-1.on.aws";
const context = { getRemainingTimeInMillis: () => 10_000 } as Context;
export const fine: Reply = { status: 200, contentType: "application/json", body: "{}" };

type EventMore = Partial<Omit<UrlEvent, "requestContext">> & {
  context?: Partial<UrlEvent["requestContext"]>;
  http?: Partial<UrlEvent["requestContext"]["http"]>;
};

export const event = ({ context: more, http, ...rest }: EventMore = {}): UrlEvent => ({
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: "a=b",
  isBase64Encoded: false,
  ...rest,
  requestContext: {
    domainName: host,
    requestId: "req-1",
    ...more,
    http: { method: "POST", path: "/", sourceIp: "192.0.2.1", userAgent: "agent/1", ...http },
  },
});

export function edge(endpoint: Endpoint) {
  const logged: Record<string, unknown>[] = [];
  const counted: string[] = [];
  const handler = httpHandler(endpoint, undefined, {
    watch: {
      failed: (requestId, failure) => logged.push({ requestId, ...failure }),
      answered: (answer) => counted.push(answer.class),
    },
  });
  return { logged, counted, call: (made: UrlEvent, given: Context = context) => handler(made, given) };
}

/** What core would see of an event. */
export async function seen(made: UrlEvent): Promise<Call> {
  let call: Call | undefined;
  await edge(async (c) => {
    call = c;
    return fine;
  }).call(made);
  if (!call) throw new Error("the call never reached core");
  return call;
}
