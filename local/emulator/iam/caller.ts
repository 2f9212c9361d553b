/**
 * Who calls: verifies AWS Signature Version 4 (header form) and maps the access key to the role it belongs to. The
 * access key in clear is no proof, so every call's signature is checked, here as on AWS.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Temporary credentials as the SDK takes them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The role behind an access key. */
export interface Caller {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly credentials: Credentials;
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of the function whose credentials these are. */
  readonly functionArn?: string;
  /** When the role's credentials would end, in milliseconds since 1970. */
  readonly expiresAtMillis: number;
}

/** A refused signature, with the error code that AWS services answer. */
export interface SignatureFault {
  readonly code:
    | "UnrecognizedClientException"
    | "MissingAuthenticationTokenException"
    | "InvalidSignatureException"
    | "IncompleteSignatureException";
  readonly message: string;
}

/** A request as it came in, nothing decoded. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as on the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a good signature says. */
interface Signed {
  readonly caller: Caller;
  readonly service: string;
  readonly region: string;
}

/** The credentials this cloud has given out. */
export interface Callers {
  /** Gives a role new temporary credentials. */
  issue(role: Omit<Caller, "credentials" | "expiresAtMillis">): Credentials;
  /** Verifies a request's signature. */
  verify(request: SignedRequest): Signed | SignatureFault;
}

const skewMillis = 5 * 60_000;
/** Life that the credentials claim to have; the processes that hold them end with the cloud. */
const sessionMillis = 12 * 3_600_000;

/** Makes an empty book of credentials. */
export function openCallers(nowMillis: () => number = Date.now): Callers {
  const byKey = new Map<string, Caller>();
  return {
    issue(role) {
      const credentials = {
        accessKeyId: `ASIA${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`,
        secretAccessKey: randomBytes(30).toString("base64"),
        sessionToken: randomBytes(96).toString("base64"),
      };
      byKey.set(credentials.accessKeyId, { ...role, credentials, expiresAtMillis: nowMillis() + sessionMillis });
      return credentials;
    },
    verify: (request) => verify(request, byKey, nowMillis()),
  };
}

function verify(
  request: SignedRequest,
  byKey: ReadonlyMap<string, Caller>,
  nowMillis: number,
): Signed | SignatureFault {
  const authorization = request.headers.authorization;
  if (authorization === undefined) {
    return { code: "MissingAuthenticationTokenException", message: "Missing Authentication Token" };
  }
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;
  const [, key = "", date = "", region = "", service = "", signedHeaders = "", signature = ""] =
    form.exec(authorization) ?? [];
  const stamp = String(request.headers["x-amz-date"] ?? "");
  const atMillis = readStamp(stamp);
  if (key === "" || atMillis === undefined) {
    return { code: "IncompleteSignatureException", message: "Authorization header or x-amz-date is malformed" };
  }
  const caller = byKey.get(key);
  if (caller === undefined || request.headers["x-amz-security-token"] !== caller.credentials.sessionToken) {
    return { code: "UnrecognizedClientException", message: "The security token included in the request is invalid." };
  }
  if (!stamp.startsWith(date) || Math.abs(nowMillis - atMillis) > skewMillis) {
    return { code: "InvalidSignatureException", message: `Signature expired or not yet valid: ${stamp}` };
  }
  const names = signedHeaders.split(";");
  const { honest, payload } = payloadOf(request, service, names);
  const canonical = canonicalRequest(request, names, { payload, escapesTwice: service !== "s3" });
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const signingKey = [date, region, service, "aws4_request"].reduce<Buffer>(
    (last, part) => createHmac("sha256", last).update(part).digest(),
    Buffer.from(`AWS4${caller.credentials.secretAccessKey}`),
  );
  const expected = createHmac("sha256", signingKey).update(toSign).digest();
  if (!honest || !timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    const message = "The request signature we calculated does not match the signature you provided.";
    return { code: "InvalidSignatureException", message };
  }
  return { caller, service, region };
}

/** What S3 takes in place of the body's hash: the transport vouches for the body, or its trailing checksum does. */
const unsignedPayloads: readonly unknown[] = ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"];

/**
 * What the signature says of the body.
 * @returns `honest`: the host binds the request to this endpoint, the body's hash to its content, and neither is left out
 */
function payloadOf(
  { headers, body }: SignedRequest,
  service: string,
  names: readonly string[],
): { readonly honest: boolean; readonly payload: string } {
  const claimed = headers["x-amz-content-sha256"];
  if (service === "s3" && unsignedPayloads.includes(claimed))
    return { honest: names.includes("host") && names.includes("x-amz-content-sha256"), payload: String(claimed) };
  const payload = createHash("sha256").update(body).digest("hex");
  return { honest: names.includes("host") && (claimed === undefined || claimed === payload), payload };
}

function canonicalRequest(
  request: SignedRequest,
  names: readonly string[],
  { payload, escapesTwice }: { readonly payload: string; readonly escapesTwice: boolean },
): string {
  const [path = "/", query = ""] = split(request.target, "?");
  const headers = names.map((name) => {
    const value = request.headers[name];
    return `${name}:${(Array.isArray(value) ? value.join(",") : (value ?? "")).trim().replace(/\s+/g, " ")}\n`;
  });
  const parameters = query
    .split("&")
    .filter((each) => each !== "")
    .map((each) => split(each, "=").map((part) => escapeUri(decode(part))))
    .map(([name, value = ""]) => [name, value] as const)
    .sort(([a = "", x], [b = "", y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`);
  // Every service but S3 escapes the path a second time.
  const signedPath = escapesTwice ? path.split("/").map(escapeUri).join("/") : path;
  return [request.method, signedPath, parameters.join("&"), headers.join(""), names.join(";"), payload].join("\n");
}

function split(text: string, separator: string): [string] | [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function readStamp(stamp: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
