import { MetricUnit } from "@aws-lambda-powertools/metrics";
import middy, { type MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import type { Denial } from "../../core/denial/denial.ts";
import { denialReply } from "../../core/denial/wire.ts";
import { limits } from "../../core/model/limits.ts";
import type { Call, Reply } from "../../core/model/wire.ts";
import { withPatience } from "../aws/patience.ts";
import { logged, logLater } from "../log.ts";
import { stageMetrics } from "../metrics.ts";
import { failureReply, loggable, OutOfTime } from "./failure.ts";
import { readCall, type UrlEvent } from "./url-event.ts";

/** Time kept for answering when a call takes too long. */
const reservedMillis = 500;

/** An endpoint of core. What it needs beyond the call, it reads from the event. */
export type Endpoint = (call: Call, event: UrlEvent) => Promise<Reply>;

/** Answers a call that could not even be read; where there is an outbox, it records the refusal too. */
export type Refuse = (denial: Denial, event: UrlEvent) => Promise<Reply>;

const answerOnly: Refuse = async (denial) => denialReply(denial);

/** Receives failures and measurements; Powertools by default. */
interface Watch {
  failed(requestId: string, failure: Record<string, unknown>): void;
  answered(answer: { readonly class: string; readonly millis: number }): void;
}

/** What a function may set. */
interface EdgeSettings {
  readonly watch?: Watch;
  /** Largest body that is read. */
  readonly bodyBytes?: number;
}

type Edge = MiddlewareObj<UrlEvent, UrlResult>;

/**
 * The middy stack of every function with a URL: read the call ▸ endpoint ▸ answer; then count, and on a failure log it
 * once and answer without its cause. The order is decided here alone; note that `use` runs `onError` from last to
 * first.
 * @param endpoint built once, at module scope
 * @param refuse handles a call that is too large or malformed to be read; by default it is answered and not recorded
 */
export function httpHandler(
  endpoint: Endpoint,
  refuse: Refuse = answerOnly,
  { watch = powertools(), bodyBytes = limits.requestBodyBytes }: EdgeSettings = {},
): (event: UrlEvent, context: Context) => Promise<UrlResult> {
  const handler = middy({
    timeoutEarlyInMillis: reservedMillis,
    timeoutEarlyResponse: () => {
      throw new OutOfTime("the call took longer than the function may run");
    },
  })
    .use(counted(watch))
    .use(failures(watch))
    .handler(async (event: UrlEvent) => {
      const { requestId, http } = event.requestContext;
      const call = readCall(event, bodyBytes);
      const reply = await withPatience(() => (call.ok ? endpoint(call.value, event) : refuse(call.error, event)));
      return toResult(reply, requestId, http.method);
    });
  return async (event, context) => {
    const result = await (handler as unknown as (event: UrlEvent, context: Context) => Promise<UrlResult>)(
      event,
      context,
    );
    await logged();
    return result;
  };
}

/** Counts every answer by class, and how long it took. */
function counted(watch: Watch): Edge {
  const started = new WeakMap<object, number>();
  const count: NonNullable<Edge["after"]> = (request) => {
    const { response } = request;
    const millis = Math.round(performance.now() - (started.get(request) ?? performance.now()));
    if (response) watch.answered({ class: answerClass(response), millis });
  };
  return {
    before: (request) => {
      started.set(request, performance.now());
    },
    after: count,
    onError: count,
  };
}

/**
 * middy's own error handlers answer 422 or an empty 500; OAuth demands JSON, and a caller must not learn about our
 * internals.
 */
function failures(watch: Watch): Edge {
  return {
    onError: (request) => {
      const context = (request.event as Partial<UrlEvent>).requestContext;
      const requestId = context?.requestId ?? "unknown";
      watch.failed(requestId, loggable(request.error));
      request.response = toResult(failureReply(request.error), requestId, context?.http?.method ?? "GET");
    },
  };
}

/** Counts by the class of the answer only, since each further value of a dimension is another metric to pay for. */
function powertools(): Watch {
  const metrics = stageMetrics();
  return {
    failed: (requestId, failure) => logLater("error", "a call failed", { requestId, failure }),
    answered: (answer) => {
      metrics.addDimension("class", answer.class);
      metrics.addMetric("Answers", MetricUnit.Count, 1);
      metrics.addMetric("LatencyMillis", MetricUnit.Milliseconds, answer.millis);
      metrics.publishStoredMetrics();
    },
  };
}

/** What a function URL accepts as an answer (payload 2.0). */
export interface UrlResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded?: true;
}

/** Headers of every answer, refusals and failures too. No cache on the way may store tokens (RFC 6749 5.1). */
const always = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
} as const;

/**
 * Core's reply as the platform's result; only core decides that an answer can be cached.
 * @param method of the request: a HEAD gets no body (RFC 9110 9.3.2)
 */
function toResult(reply: Reply, requestId: string, method: string): UrlResult {
  const own = Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = {
    ...always,
    "x-request-id": requestId,
    ...Object.fromEntries(own),
    "content-type": reply.contentType,
  };
  return {
    statusCode: reply.status,
    // RFC 6749 5.1 demands both headers, for HTTP/1.0 caches; on a cacheable answer `pragma` would be a contradiction
    headers: headers["cache-control"] === "no-store" ? { ...headers, pragma: "no-cache" } : headers,
    body: method === "HEAD" ? "" : reply.body,
  };
}

/**
 * The class a metric counts an answer under: `ok`, or the error code the caller saw. There are few classes, and never
 * free text.
 */
function answerClass(result: UrlResult): string {
  if (result.statusCode < 400) return "ok";
  try {
    const { error } = JSON.parse(result.body) as { error?: unknown };
    return typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? error : `status_${result.statusCode}`;
  } catch {
    return `status_${result.statusCode}`;
  }
}
