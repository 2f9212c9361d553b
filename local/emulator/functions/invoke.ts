/** Lambda's Invoke: one event to one function, waited for, put into a queue, or only asked whether it may. */
import { setTimeout as wait } from "node:timers/promises";
import { contextOf, type PlainCall, ServiceError, type WireAnswer, type WireRequest } from "../service.ts";
import type { HostedFunction } from "./host.ts";
import type { Outcome } from "./instance.ts";

/** What Invoke reaches. */
interface InvokeGround {
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly account: string;
  readonly region: string;
}

/** How an event is handed over. */
type Invocation = "RequestResponse" | "Event" | "DryRun";

const path = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const mostBytes: Readonly<Record<Invocation, number>> = {
  RequestResponse: 6_291_456,
  Event: 1_048_576,
  DryRun: 6_291_456,
};
/** An answer may be a little longer than a request. */
const mostAnswerBytes = 6_291_556;
/** An event that nobody waits for is tried three times at most; AWS waits a minute and two between, here it goes on soon. */
const pausesMillis = [200, 400];

/**
 * Understands an Invoke.
 * @returns undefined for another operation; throws `ServiceError` for what the embedded cloud cannot do as AWS does
 */
export function invokeCall(
  ground: InvokeGround,
  { method, target, headers, body }: WireRequest,
): PlainCall | undefined {
  const { pathname, searchParams } = new URL(target, "http://127.0.0.1");
  const named = path.exec(pathname)?.[1];
  if (method !== "POST" || named === undefined) return undefined;
  const { arn, qualifier } = addressOf(ground, decodeURIComponent(named), searchParams.get("Qualifier") ?? undefined);
  const invocationType = invocationOf(headers["x-amz-invocation-type"]);
  for (const name of ["x-amz-client-context", "x-amz-durable-execution-name"])
    if (headers[name] !== undefined) throw unknown(name);
  if ((headers["x-amz-log-type"] ?? "None") !== "None") throw unknown("x-amz-log-type");
  const resource = qualifier === undefined ? arn : `${arn}:${qualifier}`;
  // A direct call has no `lambda:InvokedViaFunctionUrl`: a policy that only compares it with `false` does not meet it.
  const access = [{ action: "lambda:InvokeFunction", resource, carrier: arn, context: contextOf({}) }];
  const logged = { functionName: resource, invocationType };
  return {
    operation: "Invoke",
    access,
    input: logged,
    async answer(requestId) {
      const hosted = ground.functions.get(arn.slice(arn.lastIndexOf(":") + 1));
      if (hosted?.description.arn !== arn || (qualifier ?? latest) !== latest)
        throw new ServiceError("ResourceNotFoundException", `Function not found: ${resource}`, 404);
      const event = eventOf(body, invocationType);
      if (invocationType === "DryRun") return { status: 204, type: json, body: "" };
      if (invocationType === "RequestResponse") return answerOf(await hosted.invoke(event, requestId));
      void untilTaken(hosted, event, requestId);
      return { status: 202, type: json, body: "" };
    },
  };
}

const json = "application/json";
const latest = "$LATEST";

const unknown = (name: string) =>
  new ServiceError("InvalidParameterValueException", `the embedded Lambda does not know ${name}`);

/** A function by name, by `account:function:name`, by ARN, each perhaps with a qualifier behind it. */
function addressOf({ account, region }: InvokeGround, said: string, asked: string | undefined) {
  const [, owner = account, name = "", suffix] =
    /^(?:arn:aws:lambda:[a-z0-9-]+:)?(?:(\d{12}):function:)?([A-Za-z0-9_-]+)(?::(.+))?$/.exec(said) ?? [];
  if (name === "") throw new ServiceError("ValidationException", `${said} names no function`);
  if (suffix !== undefined && asked !== undefined && suffix !== asked)
    throw new ServiceError("InvalidParameterValueException", "two qualifiers are given");
  const place = said.startsWith("arn:") ? (said.split(":")[3] ?? region) : region;
  return { arn: `arn:aws:lambda:${place}:${owner}:function:${name}`, qualifier: asked ?? suffix };
}

function invocationOf(said: string | readonly string[] = "RequestResponse"): Invocation {
  if (said === "RequestResponse" || said === "Event" || said === "DryRun") return said;
  throw new ServiceError("InvalidParameterValueException", `there is no invocation type ${String(said)}`);
}

function eventOf(body: Buffer, invocationType: Invocation): unknown {
  const most = mostBytes[invocationType];
  if (body.length > most)
    throw new ServiceError(
      "RequestTooLargeException",
      `Request must be smaller than ${most} bytes for the InvokeFunction operation`,
      413,
    );
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new ServiceError("InvalidRequestContentException", "Could not parse request body into json");
  }
}

/** What the function said; a failed one answers 200 as well, and says so in a header. */
function answerOf(outcome: Outcome): WireAnswer {
  if ("error" in outcome && outcome.error.errorType === throttled)
    throw new ServiceError(throttled, outcome.error.errorMessage, 429);
  const payload = "error" in outcome ? undefined : (outcome.payload ?? "null");
  const isTooLong = payload !== undefined && Buffer.byteLength(payload) > mostAnswerBytes;
  const error = isTooLong ? tooLong : "error" in outcome ? outcome.error : undefined;
  return {
    type: json,
    headers: {
      "x-amz-executed-version": latest,
      ...(error === undefined ? {} : { "x-amz-function-error": "Unhandled" }),
    },
    body: error === undefined ? (payload ?? "null") : JSON.stringify(error),
    // CloudTrail says which version ran, and neither event nor result
    logged: {},
  };
}

const throttled = "TooManyRequestsException";
const tooLong = {
  errorType: "Function.ResponseSizeTooLarge",
  errorMessage: `Response payload size exceeded maximum allowed payload size (${mostAnswerBytes} bytes).`,
};

/** Nobody hears how it ended but the function's log. */
async function untilTaken(hosted: HostedFunction, event: unknown, requestId: string): Promise<void> {
  for (const pauseMillis of [...pausesMillis, undefined]) {
    const outcome = await hosted.invoke(event, requestId);
    if (!("error" in outcome) || pauseMillis === undefined) return;
    await wait(pauseMillis, undefined, { ref: false });
  }
}
