import type { Denial } from "../../core/denial/denial.ts";
import { limits } from "../../core/model/limits.ts";
import { err, ok, type Result } from "../../core/model/result.ts";
import type { Call } from "../../core/model/wire.ts";
import { env } from "../env.ts";

/** What is read of an event of a function URL or an HTTP API (payload 2.0, both alike). Headers are the caller's, `requestContext` is the platform's. */
export interface UrlEvent {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly rawQueryString?: string;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly domainName: string;
    readonly requestId: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly sourceIp?: string;
      readonly userAgent?: string;
    };
    readonly authorizer?: {
      readonly iam?: {
        readonly userArn?: unknown;
        readonly userId?: unknown;
        readonly accountId?: unknown;
        readonly principalOrgId?: unknown;
      };
    } | null;
  };
}

const lambdaHost = /^[a-z0-9]{1,63}\.lambda-url\.[a-z0-9-]{1,30}\.on\.aws$/;
const embeddedHost = /^127\.0\.0\.1:[1-9][0-9]{0,4}$/;

/**
 * The origin this function was called by, from the platform's word alone: a Host or X-Forwarded header is whatever the
 * caller likes, and a DPoP proof made for another server would pass (threat 9).
 * @throws when the name is neither a Lambda URL's nor the embedded cloud's: no function of ours has another
 */
export function originOf(event: UrlEvent): string {
  const { domainName } = event.requestContext;
  if (lambdaHost.test(domainName)) return `https://${domainName}`;
  if (embeddedHost.test(domainName)) return `http://${domainName}`;
  throw new Error("the event names no function URL; call the function by its URL");
}

/** Where a call came in: the URL that proofs are made for, and the path below the function's own address. */
interface Place {
  readonly url: string;
  readonly path: string;
}

/**
 * By the platform's word where the function has a URL of its own. Behind a domain by what the deployment says and by that
 * alone: neither the name in the event nor a stage in its path has a say, since behind a gateway both can be another's.
 * @param publicUrl the function's address there, such as `https://id.example.com/token`, without a slash at its end
 */
function placeOf(event: UrlEvent, publicUrl: string | undefined): Result<Place, Denial> {
  const { path } = event.requestContext.http;
  if (publicUrl === undefined) return ok({ url: `${originOf(event)}${path}`, path });
  const { origin, pathname } = new URL(publicUrl);
  const own = pathname === "/" ? "" : pathname;
  if (path !== own && !path.startsWith(`${own}/`)) return err({ code: "not_found", path: path.slice(0, 100) });
  return ok({ url: `${origin}${path}`, path: path.slice(own.length) || "/" });
}

/**
 * Builds core's view of a call.
 * @param bodyBytes largest body that is read
 * @param publicUrl the function's address behind the deployment's own domain, where it has one
 * @returns the call, or `body_too_large`, `malformed_request`, `not_found` for what is not below the address, decided before anything is parsed
 */
export function readCall(
  event: UrlEvent,
  bodyBytes: number = limits.requestBodyBytes,
  publicUrl: string | undefined = process.env[env.publicUrl],
): Result<Call, Denial> {
  const { http, requestId } = event.requestContext;
  const place = placeOf(event, publicUrl);
  if (!place.ok) return place;
  const body = readBody(event, bodyBytes);
  if (!body.ok) return body;
  return ok({
    method: http.method,
    ...place.value,
    ...(event.rawQueryString ? { query: event.rawQueryString } : {}),
    contentType: headerValues(event, "content-type")[0],
    body: body.value,
    dpop: headerValues(event, "dpop").flatMap(splitJoined),
    ...schemeOf(headerValues(event, "authorization")[0]),
    requestId,
    ...(http.sourceIp ? { sourceIp: http.sourceIp } : {}),
    ...(http.userAgent ? { userAgent: http.userAgent.slice(0, 256) } : {}),
  });
}

/** A scheme is a token (RFC 9110 11.1); what is none names no scheme, but something was tried. */
const schemeOf = (authorization: string | undefined): Pick<Call, "authorizationScheme"> => {
  if (authorization === undefined) return {};
  const scheme = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}(?= |$)/.exec(authorization)?.[0];
  return { authorizationScheme: scheme ?? "Basic" };
};

/** Every value of a header, however its name is spelled. */
const headerValues = (event: UrlEvent, name: string): readonly string[] =>
  Object.entries(event.headers ?? {}).flatMap(([key, value]) =>
    key.toLowerCase() === name && value !== undefined ? [value] : [],
  );

/**
 * Payload 2.0 joins repeated headers by a comma. A proof holds none, so two proofs are seen as two and refused as two;
 * empty pieces are kept, since `proof,` is not one proof either.
 */
const splitJoined = (value: string): readonly string[] => value.split(",").map((piece) => piece.trim());

function readBody(event: UrlEvent, limitBytes: number): Result<string, Denial> {
  const text = event.body ?? "";
  // counted before decoding: base64 is a third longer than what it holds
  const bytes = event.isBase64Encoded ? Math.floor((text.length * 3) / 4) - 2 : Buffer.byteLength(text, "utf8");
  if (bytes > limitBytes) return err({ code: "body_too_large", bytes, limitBytes });
  if (!event.isBase64Encoded) return ok(text);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return err({ code: "malformed_request", what: "the body is not base64" });
  const decoded = Buffer.from(text, "base64");
  if (decoded.length > limitBytes) return err({ code: "body_too_large", bytes: decoded.length, limitBytes });
  try {
    // fatal: two different bodies must not become one text
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(decoded));
  } catch {
    return err({ code: "malformed_request", what: "the body is not UTF-8" });
  }
}
