/** Function URL payload format 2.0, both ways. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { uniqueId } from "../cloudformation/physical.ts";
import type { Caller } from "../iam/caller.ts";

/** An HTTP request as it came in. */
interface UrlRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Every value of every header, none dropped or joined. */
  readonly headersDistinct: NodeJS.Dict<string[]>;
  readonly body: Buffer;
  readonly sourceIp: string;
  /** `127.0.0.1:PORT`, which plays the URL's domain. */
  readonly domainName: string;
  readonly account: string;
  /** Only when the URL's AuthType is AWS_IAM and the signature was good. */
  readonly caller?: Caller;
}

/** An HTTP answer. */
interface UrlResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

const textTypes = /^(text\/|application\/(json|javascript|xml|ld\+json|[^;]+\+(json|xml))(;|$))/i;

/**
 * Makes the event that Lambda would hand to the function.
 * @param requestId also `requestContext.requestId`
 */
export function eventOf(request: UrlRequest, requestId: string): Record<string, unknown> {
  const [path = "/", query = ""] = splitOnce(request.target, "?");
  const cookies = request.headers.cookie?.split("; ");
  const now = new Date();
  const isText = textTypes.test(request.headers["content-type"] ?? "");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    ...(cookies === undefined ? {} : { cookies }),
    headers: headersOf(request),
    ...(query === "" ? {} : { queryStringParameters: parametersOf(query) }),
    requestContext: {
      accountId: request.account,
      apiId: "local",
      ...(request.caller === undefined ? {} : { authorizer: { iam: iamOf(request.caller) } }),
      domainName: request.domainName,
      domainPrefix: "local",
      http: {
        method: request.method,
        path,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId,
      routeKey: "$default",
      stage: "$default",
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(request.body.length === 0 ? {} : { body: request.body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

/**
 * Reads what a function returned.
 * @param payload its result as JSON; undefined = it returned nothing
 * @returns the answer; undefined when the result is no valid response (Lambda answers 502)
 */
export function responseOf(payload: string | undefined): UrlResponse | undefined {
  const result: unknown = payload === undefined ? null : JSON.parse(payload);
  const isResponse = typeof result === "object" && result !== null && "statusCode" in result;
  if (!isResponse) {
    const body = Buffer.from(typeof result === "string" ? result : (payload ?? "null"));
    return { status: 200, headers: { "content-type": "application/json" }, cookies: [], body };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = result as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (body !== undefined && body !== null && typeof body !== "string") return undefined;
  const lower = Object.entries((headers ?? {}) as Record<string, unknown>).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  return {
    status,
    headers: { "content-type": "application/json", ...Object.fromEntries(lower) },
    cookies: Array.isArray(cookies) ? cookies.map(String) : [],
    body: Buffer.from(body ?? "", isBase64Encoded === true ? "base64" : "utf8"),
  };
}

function headersOf(request: UrlRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  // A header sent twice reaches the function as one joined value, as on Lambda: the code must not see only the first.
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (name !== "cookie" && values !== undefined) headers[name] = values.join(",");
  }
  // Lambda writes these itself: what a client sends under these names must not reach the function.
  return {
    ...headers,
    "x-forwarded-for": request.sourceIp,
    "x-forwarded-proto": "http",
    "x-forwarded-port": request.domainName.split(":")[1] ?? "80",
    "x-amzn-trace-id": `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll("-", "").slice(0, 24)}`,
  };
}

function parametersOf(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    parameters[name] = name in parameters ? `${parameters[name]},${value}` : value;
  }
  return parameters;
}

function iamOf({ roleArn, sessionName, credentials }: Caller) {
  const accountId = roleArn.split(":")[4] ?? "";
  const role = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const id = `${uniqueId("AROA", `${accountId}/${role}`)}:${sessionName}`;
  return {
    accessKey: credentials.accessKeyId,
    accountId,
    callerId: id,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: `arn:aws:sts::${accountId}:assumed-role/${role}/${sessionName}`,
    userId: id,
  };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
