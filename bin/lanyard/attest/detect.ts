import type { Evidence } from "../../../core/attest/contract/attestor.ts";
import { isAccountIssuer } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { parseBoundedJson } from "../../../core/text/json.ts";

/** Longest file that is read; every attestor accepts less. */
export const documentBytesMax = 262_144;

type Members = Readonly<Record<string, unknown>>;

const compact = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** DER of the OID signedData (RFC 5652 5.1), which is among the first bytes of every PKCS#7. */
const signedData = Buffer.from("06092a864886f70d010702", "hex");

/**
 * Recognizes a file's content and turns it into the form that `attest` accepts. It decides only by shape and verifies
 * nothing.
 * @param content at most {@link documentBytesMax} bytes
 * @param forced the type, when the caller knows better
 * @returns undefined for content of no known shape
 */
export function detectEvidence(content: Uint8Array, forced?: string): Evidence | undefined {
  const text = printable(content);
  if (text === undefined) return fromBytes(content, forced);
  if (text.startsWith("{")) return fromJson(text, forced);
  const chain = [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (chain.length > 0)
    return { type: forced ?? "spiffe-x509-svid", chain: chain.map(([, body = ""]) => body.replaceAll(/\s/g, "")) };
  const cms = /-----BEGIN (?:PKCS7|CMS)-----([A-Za-z0-9+/=\s]+)-----END/.exec(text);
  if (cms) return fromBytes(Buffer.from(cms[1] ?? "", "base64"), forced);
  if (compact.test(text)) return { type: forced ?? tokenType(text), token: text };
  const joined = text.replaceAll(/\s/g, "");
  if (/^(?:[0-9a-fA-F]{2})+$/.test(joined)) return fromBytes(Buffer.from(joined, "hex"), forced);
  if (base64.test(joined)) return fromBytes(Buffer.from(joined, "base64"), forced);
  // a caller who names the type wants its refusal explained, whatever the content is
  return forced === undefined ? undefined : evidenceOf(forced, content, text);
}

/** Text without control characters; undefined for bytes. */
function printable(content: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content).trim();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters distinguish bytes from text
    return /[\x00-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function fromJson(text: string, forced: string | undefined): Evidence | undefined {
  const parsed = parseBoundedJson(text);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  // a whole request to attest contains the evidence
  const members = isObject(parsed.value.evidence) ? parsed.value.evidence : parsed.value;
  const type = forced ?? members.type ?? jsonType(members);
  return typeof type === "string" ? { ...members, type } : undefined;
}

function jsonType(members: Members): string | undefined {
  const { token, document, pkcs7, chain, headers, region, cluster } = members;
  if (typeof token === "string") return tokenType(token);
  if (typeof document === "string") return nitroType(Buffer.from(document, "base64"));
  if (typeof pkcs7 === "string") return "aws-ec2-instance-identity";
  if (Array.isArray(chain)) return "spiffe-x509-svid";
  if (isObject(headers) && typeof region === "string")
    return cluster === undefined ? "aws-sts-caller-identity" : "ecs-task";
  return undefined;
}

function tokenType(token: string): string {
  const payload = decodeUnverified(token)?.payload;
  const { iss, sub } = payload ?? {};
  if ((typeof iss === "string" && isAccountIssuer(iss)) || payload?.["https://sts.amazonaws.com/"] !== undefined)
    return "aws-sts-web-identity";
  return typeof sub === "string" && sub.startsWith("spiffe:") ? "spiffe-jwt-svid" : "oidc";
}

function fromBytes(bytes: Uint8Array, forced: string | undefined): Evidence | undefined {
  const type = forced ?? bytesType(bytes);
  return type === undefined ? undefined : evidenceOf(type, bytes, "");
}

function bytesType(bytes: Uint8Array): string | undefined {
  const [first] = bytes;
  // an array of four, open or closed, or tag 18 before it: COSE_Sign1 (RFC 9052 4.2)
  if (first === 0x84 || first === 0x9f || first === 0xd2) return nitroType(bytes);
  if (first !== 0x30) return undefined;
  return Buffer.from(bytes.subarray(0, 32)).includes(signedData) ? "aws-ec2-instance-identity" : "spiffe-x509-svid";
}

const nitroType = (bytes: Uint8Array): string =>
  Buffer.from(bytes).includes("nitrotpm_pcrs") ? "aws-nitro-tpm" : "aws-nitro-enclave";

function evidenceOf(type: string, bytes: Uint8Array, text: string): Evidence {
  const encoded = Buffer.from(bytes).toString("base64");
  if (type.startsWith("aws-nitro-")) return { type, document: encoded };
  if (type === "aws-ec2-instance-identity") return { type, pkcs7: encoded };
  if (type === "spiffe-x509-svid") return { type, chain: [encoded] };
  return { type, token: text };
}

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
