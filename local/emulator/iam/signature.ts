/**
 * AWS Signature Version 4 in its header form. The access key in clear is no proof, so every call's signature is checked,
 * here as on AWS.
 */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { canonicalRequest, type SignedRequest } from "./canonical.ts";

/** A refused signature, with the error code that AWS's JSON services answer. */
export interface SignatureFault {
  readonly code:
    | "UnrecognizedClientException"
    | "MissingAuthenticationTokenException"
    | "InvalidSignatureException"
    | "IncompleteSignatureException"
    | "ExpiredTokenException";
  readonly message: string;
}

/** The keys behind an access key id: what signs, and the token that must come along; empty for a user's own. */
interface Keys {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const skewMillis = 5 * 60_000;

/**
 * Verifies a request's signature.
 * @param keysOf keys of an access key id; undefined for an id that was never given out
 * @returns whose key signed, and for which service and Region
 */
export function verifySignature(
  request: SignedRequest,
  keysOf: (accessKeyId: string) => Keys | undefined,
  nowMillis: number,
): { readonly accessKeyId: string; readonly service: string; readonly region: string } | SignatureFault {
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
  const keys = keysOf(key);
  if (keys === undefined || (request.headers["x-amz-security-token"] ?? "") !== keys.sessionToken) {
    return { code: "UnrecognizedClientException", message: "The security token included in the request is invalid." };
  }
  if (!stamp.startsWith(date) || Math.abs(nowMillis - atMillis) > skewMillis) {
    return { code: "InvalidSignatureException", message: `Signature expired or not yet valid: ${stamp}` };
  }
  const names = signedHeaders.split(";");
  const { honest, payload } = payloadOf(request, service, names);
  const canonical = canonicalRequest(request, names, { payload, escapesTwice: service !== "s3" });
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, hash("sha256", canonical)].join("\n");
  const expected = createHmac("sha256", signingKeyOf(keys, scope)).update(toSign).digest();
  if (!honest || !timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    const message = "The request signature we calculated does not match the signature you provided.";
    return { code: "InvalidSignatureException", message };
  }
  return { accessKeyId: key, service, region };
}

/** Signing keys by their scope, which go with the credentials. */
const derived = new WeakMap<Keys, Map<string, KeyObject>>();
/** A caller signs for a handful of services; who names others must not fill the memory. */
const mostScopes = 16;

/** The key that signs within a scope: four more HMACs, the same for every request of a day. */
function signingKeyOf(keys: Keys, scope: string): KeyObject {
  const known = derived.get(keys) ?? new Map<string, KeyObject>();
  derived.set(keys, known);
  const found = known.get(scope);
  if (found !== undefined) return found;
  const bytes = scope
    .split("/")
    .reduce<Buffer>(
      (last, part) => createHmac("sha256", last).update(part).digest(),
      Buffer.from(`AWS4${keys.secretAccessKey}`),
    );
  if (known.size >= mostScopes) known.clear();
  const key = createSecretKey(bytes);
  known.set(scope, key);
  return key;
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
  const payload = hash("sha256", body);
  return { honest: names.includes("host") && (claimed === undefined || claimed === payload), payload };
}

function readStamp(stamp: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
