import type { Denial } from "../../core/denial/denial.ts";
import { limits } from "../../core/model/limits.ts";
import { err, ok, type Result } from "../../core/model/result.ts";
import type { Call } from "../../core/model/wire.ts";
import { env } from "../env.ts";

/**
 * The members that are read from an event of a function URL or an HTTP API (both payload 2.0). The caller writes the
 * headers, the platform writes `requestContext`.
 */
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
 * The origin this function was called by, as the platform states it. The caller chooses Host and X-Forwarded headers:
 * if one were used, a DPoP proof made for another server would be accepted (threat 9).
 * @throws when the name is neither a Lambda URL's nor the embedded cloud's, since our functions have no other
 */
export function originOf(event: UrlEvent): string {
  const { domainName } = event.requestContext;
  if (lambdaHost.test(domainName)) return `https://${domainName}`;
  if (embeddedHost.test(domainName)) return `http://${domainName}`;
  throw new Error("the event names no function URL; call the function by its URL");
}

/** The address of a call: the URL that proofs are made for, and the path below the function's own address. */
interface Place {
  readonly url: string;
  readonly path: string;
}

/**
 * As the platform states it, where the function has a URL of its own. Behind a domain only the deployment's setting is
 * used: behind a gateway, the name in the event and the stage in its path may belong to something else.
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

/**
 * The scheme of an Authorization header, which is a token (RFC 9110 11.1). A header without one is kept as an empty
 * scheme, since the caller did try to authenticate.
 */
const schemeOf = (authorization: string | undefined): Pick<Call, "authorizationScheme"> => {
  if (authorization === undefined) return {};
  const scheme = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}(?= |$)/.exec(authorization)?.[0];
  return { authorizationScheme: scheme ?? "Basic" };
};

/** The first value of a header that core's view of a call has no member for; `name` in lower case. */
export const headerOf = (event: UrlEvent, name: string): string | undefined => headerValues(event, name)[0];

/** Every value of a header, in any spelling of its name. */
const headerValues = (event: UrlEvent, name: string): readonly string[] =>
  Object.entries(event.headers ?? {}).flatMap(([key, value]) =>
    key.toLowerCase() === name && value !== undefined ? [value] : [],
  );

/**
 * Payload 2.0 joins repeated headers by a comma. A proof contains no comma, so two proofs are recognized as two and
 * refused. Empty pieces are kept, since `proof,` is not a single proof either.
 */
const splitJoined = (value: string): readonly string[] => value.split(",").map((piece) => piece.trim());

function readBody(event: UrlEvent, limitBytes: number): Result<string, Denial> {
  const text = event.body ?? "";
  // checked before decoding: base64 is a third longer than the bytes it encodes
  const bytes = event.isBase64Encoded ? Math.floor((text.length * 3) / 4) - 2 : Buffer.byteLength(text, "utf8");
  if (bytes > limitBytes) return err({ code: "body_too_large", bytes, limitBytes });
  if (!event.isBase64Encoded) return ok(text);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return err({ code: "malformed_request", what: "the body is not base64" });
  const decoded = Buffer.from(text, "base64");
  if (decoded.length > limitBytes) return err({ code: "body_too_large", bytes: decoded.length, limitBytes });
  try {
    // fatal, since two different bodies must not become the same text
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(decoded));
  } catch {
    return err({ code: "malformed_request", what: "the body is not UTF-8" });
  }
}
