/** A function's URL on loopback: HTTP in, payload 2.0 to the function, HTTP out. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, SignedRequest } from "../iam/caller.ts";
import { readBody } from "../loopback.ts";
import type { Judge } from "./authorizer.ts";
import type { HostedFunction } from "./host.ts";
import { eventOf, responseOf } from "./payload.ts";

const mostBytes = 6 * 1024 * 1024;

/** A URL of the template. */
interface FunctionUrl {
  readonly account: string;
  /** The function behind it; asked at each request, since URLs listen before functions exist. */
  readonly hosted: () => HostedFunction;
  /**
   * For AuthType AWS_IAM: verifies signature and permission; the caller, or why not. Absent for NONE.
   */
  readonly authorize?: (request: SignedRequest) => Caller | string;
  /** An API's authorizer, whose context the function is told. */
  readonly judge?: Judge;
}

/** What API Gateway answers in an authorizer's place. */
const refusals = { 401: "Unauthorized", 403: "Forbidden", 500: "Internal Server Error" } as const;

/** Makes the handler of one URL. */
export function serveUrl(url: FunctionUrl) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    const refuse = (status: number, message: string) => {
      response.writeHead(status, { "content-type": "application/json", "x-amzn-requestid": requestId });
      response.end(JSON.stringify({ Message: message }));
    };
    const body = await readBody(request, mostBytes);
    if (body === undefined) return refuse(413, "Request Entity Too Large");
    const { method = "GET", url: target = "/", headers } = request;
    const caller = url.authorize?.({ method, target, headers, body });
    if (typeof caller === "string") return refuse(403, caller);
    const event = eventOf(
      {
        method,
        target,
        headers,
        headersDistinct: request.headersDistinct,
        body,
        sourceIp: "127.0.0.1",
        domainName: headers.host ?? "",
        account: url.account,
        ...(caller === undefined ? {} : { caller }),
      },
      requestId,
    );
    const judged = await url.judge?.(event);
    if (judged !== undefined && "refused" in judged) return refuse(judged.refused, refusals[judged.refused]);
    if (judged !== undefined)
      event.requestContext = { ...(event.requestContext as object), authorizer: { lambda: judged.context } };
    const outcome = await url.hosted().invoke(event, requestId);
    if ("error" in outcome) {
      const throttled = outcome.error.errorType === "TooManyRequestsException";
      return refuse(throttled ? 429 : 502, throttled ? "Rate Exceeded." : "Internal Server Error");
    }
    const answer = responseOf(outcome.payload);
    if (answer === undefined || answer.body.length > mostBytes) return refuse(502, "Internal Server Error");
    response.writeHead(answer.status, {
      ...answer.headers,
      "content-length": answer.body.length,
      "x-amzn-requestid": requestId,
      ...(answer.cookies.length === 0 ? {} : { "set-cookie": [...answer.cookies] }),
    });
    response.end(method === "HEAD" ? undefined : answer.body);
  };
}
