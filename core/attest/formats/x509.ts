import { type KeyObject, X509Certificate } from "node:crypto";
import { err, ok, type Result } from "../../model/result.ts";
import { type Asn1, asn1Tag, readAsn1, sameBytes } from "./asn1.ts";

/** Bits of the key usage extension that path validation reads (RFC 5280 4.2.1.3). */
type KeyUse = "digitalSignature" | "keyCertSign" | "cRLSign";

/**
 * The parts of a certificate that path validation reads. `node:crypto` shows neither pathLenConstraint nor key usage.
 */
export interface Certificate {
  readonly bytes: Uint8Array;
  /** Encoded name, since names are compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Content of the serial number, two's complement. */
  readonly serial: Uint8Array;
  /** All common names of the subject; a name with several is ambiguous. */
  readonly commonNames: readonly string[];
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  readonly ca: boolean;
  readonly pathLength?: number;
  readonly keyUses?: ReadonlySet<KeyUse>;
  /** URIs among the subject's alternative names, as encoded (RFC 5280 4.2.1.6); undefined without that extension. */
  readonly uris?: readonly string[];
  readonly publicKey: KeyObject;
  /** True when this certificate carries a good signature by `key`. */
  readonly signedBy: (key: KeyObject) => boolean;
}

/**
 * Reads one X.509 v3 certificate in DER (RFC 5280 4.1). A certificate with an extension that comes twice, or that is
 * critical and unknown here, is refused.
 * @param bytes already bounded by the caller
 */
export function readCertificate(bytes: Uint8Array): Result<Certificate, string> {
  const read = readAsn1(bytes);
  if (!read.ok) return err(`certificate is ${read.error}`);
  const [tbs] = read.value.children;
  if (read.value.tag !== asn1Tag.sequence || !tbs) return err("certificate is not a sequence");
  const [version, serial, , issuer, , subject] = tbs.children;
  if (!serial || !issuer || !subject || version?.tag !== "context 0") return err("certificate is not version 3");
  if (version.children[0]?.content[0] !== 2) return err("certificate is not version 3");
  const extensions = readExtensions(tbs);
  if (!extensions.ok) return extensions;
  try {
    const x509 = new X509Certificate(bytes);
    const { publicKey } = x509;
    return ok({
      bytes,
      issuer: issuer.bytes,
      subject: subject.bytes,
      serial: serial.content,
      commonNames: commonNames(subject),
      notBeforeSeconds: Date.parse(x509.validFrom) / 1000,
      notAfterSeconds: Date.parse(x509.validTo) / 1000,
      ...extensions.value,
      publicKey,
      signedBy: (key) => x509.verify(key),
    });
  } catch {
    return err("certificate cannot be read");
  }
}

type Extensions = Pick<Certificate, "ca" | "pathLength" | "keyUses" | "uris">;

function readExtensions(tbs: Asn1): Result<Extensions, string> {
  const list = tbs.children.find((c) => c.tag === "context 3")?.children[0]?.children ?? [];
  const seen = new Set<string>();
  let found: Extensions = { ca: false };
  for (const { children } of list) {
    const [id] = children;
    const value = children[children.length - 1];
    const critical = children.length === 3 && children[1]?.content[0] !== 0;
    if (id?.oid === undefined || value?.tag !== asn1Tag.octetString) return err("extension is malformed");
    if (seen.has(id.oid)) return err(`extension ${id.oid} stands twice`);
    seen.add(id.oid);
    const read = readers.get(id.oid)?.(value.content);
    if (read && !read.ok) return read;
    if (!read && critical) return err(`critical extension ${id.oid} is not understood`);
    found = { ...found, ...read?.value };
  }
  return ok(found);
}

const readers: ReadonlyMap<string, (content: Uint8Array) => Result<Partial<Extensions>, string>> = new Map([
  ["2.5.29.19", basicConstraints],
  ["2.5.29.15", keyUsage],
  ["2.5.29.17", subjectAltName],
]);

function basicConstraints(content: Uint8Array): Result<Partial<Extensions>, string> {
  const read = readAsn1(content);
  if (!read.ok || read.value.tag !== asn1Tag.sequence) return err("basicConstraints is malformed");
  const [first, second, ...more] = read.value.children;
  const ca = first?.tag === asn1Tag.boolean && first.content[0] !== 0;
  const length = first?.tag === asn1Tag.boolean ? second : first;
  if (more.length > 0 || (length && (length.tag !== asn1Tag.integer || length.content.length !== 1)))
    return err("basicConstraints is malformed");
  const pathLength = length?.content[0];
  if (pathLength !== undefined && (!ca || pathLength > 127)) return err("pathLenConstraint is malformed");
  return ok({ ca, ...(pathLength === undefined ? {} : { pathLength }) });
}

function keyUsage(content: Uint8Array): Result<Partial<Extensions>, string> {
  const read = readAsn1(content);
  if (!read.ok || read.value.tag !== asn1Tag.bitString) return err("keyUsage is malformed");
  // the first octet of a BIT STRING is its number of unused bits
  const bits = read.value.content[1] ?? 0;
  const keyUses = new Set<KeyUse>();
  if (bits & 0x80) keyUses.add("digitalSignature");
  if (bits & 0x04) keyUses.add("keyCertSign");
  if (bits & 0x02) keyUses.add("cRLSign");
  return ok({ keyUses });
}

function subjectAltName(content: Uint8Array): Result<Partial<Extensions>, string> {
  const read = readAsn1(content);
  if (!read.ok || read.value.tag !== asn1Tag.sequence) return err("subjectAltName is malformed");
  const uris = read.value.children.filter((name) => name.tag === "context 6" && !name.constructed);
  // an IA5String: another reader could see a different name where there is a NUL or a byte beyond ASCII
  if (uris.some(({ content }) => content.some((byte) => byte < 0x21 || byte > 0x7e)))
    return err("a URI is not printable ASCII");
  return ok({ uris: uris.map((name) => Buffer.from(name.content).toString("latin1")) });
}

const commonNames = (name: Asn1): readonly string[] =>
  name.children
    .flatMap((set) => set.children)
    .filter((pair) => pair.children[0]?.oid === "2.5.4.3")
    .map((pair) => Buffer.from(pair.children[1]?.content ?? []).toString("utf8"));

/** True when `issuer` is the one that `certificate` names. */
export const namesMatch = (certificate: Certificate, issuer: Certificate): boolean =>
  sameBytes(certificate.issuer, issuer.subject);
