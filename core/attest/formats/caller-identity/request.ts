import { limits } from "../../../model/limits.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { evidenceTags } from "../../../model/wire.ts";
import { type StsEndpointKind, stsEndpointKinds, stsHost } from "../../../text/sts-hosts.ts";
import type { Evidence } from "../../contract/attestor.ts";

/**
 * The body of the only request that is ever sent. The caller cannot choose any part of its request line, host or body.
 */
export const callerIdentityBody = "Action=GetCallerIdentity&Version=2011-06-15";
/** `Content-Type` of that request, signed or not. */
export const callerIdentityContentType = "application/x-www-form-urlencoded; charset=utf-8";

/** A check that failed, and why. */
export interface RequestFault {
  readonly check: string;
  readonly why: string;
}

/** What the caller signed, read and bounded; only STS can verify the signature. */
export interface SignedCallerIdentity {
  readonly host: string;
  readonly region: string;
  /** The caller's headers, all of them signed. */
  readonly headers: Readonly<Record<CallerHeader, string>>;
  readonly signedAtSeconds: number;
  /** Hex HMAC: identifies this request. */
  readonly signature: string;
}

/** Headers that a caller must send: each of these once, and no others. */
const callerHeaders = [
  "authorization",
  "x-amz-date",
  "x-amz-security-token",
  evidenceTags.challenge,
  evidenceTags.jkt,
  evidenceTags.issuer,
] as const;

/** One of {@link callerHeaders}. */
type CallerHeader = (typeof callerHeaders)[number];

const shapes: Readonly<Record<CallerHeader, RegExp>> = {
  authorization: /^[\x20-\x7e]{1,1024}$/,
  "x-amz-date": /^[0-9]{8}T[0-9]{6}Z$/,
  "x-amz-security-token": /^[A-Za-z0-9+/=_-]+$/,
  "lanyard-challenge": /^[\x21-\x7e]{1,256}$/,
  "lanyard-jkt": /^[A-Za-z0-9_-]{1,64}$/,
  "lanyard-issuer": /^[\x21-\x7e]{1,512}$/,
};

const fault = (check: string, why: string) => err<RequestFault>({ check, why });

/** Reads `region`, `endpoint` and `headers`; the host comes from our own list, never from the caller. */
export function readHost(
  evidence: Evidence,
  partition: string,
): Result<{ host: string; region: string }, RequestFault> {
  const { region, endpoint = "regional" } = evidence;
  const kind = stsEndpointKinds.find((known): known is StsEndpointKind => known === endpoint);
  if (typeof region !== "string" || !kind) return fault("host", "name a region, and a kind of endpoint that exists");
  const host = stsHost(partition, region, kind);
  return host === undefined ? fault("host", `STS has no ${kind} endpoint there`) : ok({ host, region });
}

/** Reads the headers: an allow-list, since any other could change what the answer looks like (CVE-2020-16250). */
export function readHeaders(evidence: Evidence): Result<Readonly<Record<CallerHeader, string>>, RequestFault> {
  const { headers } = evidence;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    return fault("headers", "headers is not an object");
  const given = Object.entries(headers as Readonly<Record<string, unknown>>);
  // exact, lower-case names, since two spellings of one name would be two headers here and one header at STS
  if (given.length !== callerHeaders.length) return fault("headers", "send exactly the documented headers");
  const read: Partial<Record<CallerHeader, string>> = {};
  for (const [name, value] of given) {
    const known = callerHeaders.find((allowed) => allowed === name);
    if (!known) return fault("headers", "a header is not on the list");
    const most = known === "x-amz-security-token" ? limits.securityTokenCharacters : 1_024;
    if (typeof value !== "string" || value.length > most || !shapes[known].test(value))
      return fault("headers", `${known} is malformed`);
    read[known] = value;
  }
  return ok(read as Record<CallerHeader, string>);
}

const credential = "Credential=([A-Z0-9]{16,128})\\/([0-9]{8})\\/([a-z0-9-]{1,32})\\/([a-z0-9-]{1,32})\\/aws4_request";
const authorizationForm = new RegExp(
  `^AWS4-HMAC-SHA256 ${credential}, ?SignedHeaders=([a-z0-9;-]{1,512}), ?Signature=([0-9a-f]{64})$`,
);

/** Headers that must be signed. An unsigned one could have been added by a thief of the request. */
const mustBeSigned: readonly string[] = ["host", ...callerHeaders.filter((name) => name !== "authorization")];
/** Headers that may be signed too; we fix their values. */
const mayBeSigned: readonly string[] = ["content-type", "content-length"];

/** Reads the `Authorization` header (SigV4): algorithm, scope and signed headers, for STS in exactly this Region. */
export function readAuthorization(
  headers: Readonly<Record<CallerHeader, string>>,
  region: string,
): Result<{ readonly signature: string }, RequestFault> {
  const [, , day, scopeRegion, service, signedList = "", signature] =
    authorizationForm.exec(headers.authorization) ?? [];
  if (signature === undefined) return fault("authorization", "not an AWS4-HMAC-SHA256 Authorization header");
  // a signature for another service or Region was made for another purpose
  if (service !== "sts") return fault("scope", "the signature is for another service");
  if (scopeRegion !== region) return fault("scope", "the signature is for another Region");
  if (day !== headers["x-amz-date"].slice(0, 8)) return fault("scope", "the signature is of another day");
  const signed = signedList.split(";");
  if (new Set(signed).size !== signed.length || signed.some((name, i) => name < (signed[i - 1] ?? "")))
    return fault("signed-headers", "signed headers are not sorted and distinct");
  const missing = mustBeSigned.find((name) => !signed.includes(name));
  if (missing !== undefined) return fault("signed-headers", `${missing} is not signed`);
  const odd = signed.find((name) => !mustBeSigned.includes(name) && !mayBeSigned.includes(name));
  return odd === undefined ? ok({ signature }) : fault("signed-headers", "a signed header is not on the list");
}

/** Seconds since the epoch of `20260801T000000Z`; undefined for a time that does not exist. */
export function parseAmzDate(text: string): number | undefined {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  if (y === undefined) return undefined;
  const iso = `${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`;
  const millis = Date.parse(iso);
  // 31 February would roll over into March
  return Number.isNaN(millis) || new Date(millis).toISOString() !== iso ? undefined : millis / 1000;
}
