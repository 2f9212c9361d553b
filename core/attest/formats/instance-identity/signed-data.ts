import { createHash } from "node:crypto";
import { err, ok, type Result } from "../../../model/result.ts";
import { type Asn1, asn1Tag, readAsn1, sameBytes } from "../asn1.ts";

/** A CMS SignedData (RFC 5652 5.1) of the only shape that EC2 makes; its signature is not verified yet. */
export interface SignedData {
  readonly content: Uint8Array;
  /** Issuer name of the signer's certificate, as encoded, and its serial number. */
  readonly issuer: Uint8Array;
  readonly serial: Uint8Array;
  /** What the signature is over: the signed attributes as a SET (RFC 5652 5.4). */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const oids = {
  signedData: "1.2.840.113549.1.7.2",
  data: "1.2.840.113549.1.7.1",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  sha256: "2.16.840.1.101.3.4.2.1",
  rsa: "1.2.840.113549.1.1.1",
  sha256WithRsa: "1.2.840.113549.1.1.11",
} as const;

/**
 * Reads the PKCS#7 of IMDS `instance-identity/rsa2048`: BER, one signer, SHA-256 and RSA, signed attributes, the
 * content inside and no certificates. A certificate in the message could be anybody's. The older forms (`pkcs7`: DSA
 * with SHA-1) are refused for their algorithms.
 * @param bytes already bounded by the caller
 */
export function readSignedData(bytes: Uint8Array): Result<SignedData, string> {
  const read = readAsn1(bytes);
  if (!read.ok) return read;
  const [kind, wrapped, ...after] = read.value.children;
  const body = wrapped?.children[0];
  if (read.value.tag !== asn1Tag.sequence || kind?.oid !== oids.signedData || after.length > 0)
    return err("not signed data");
  if (wrapped?.tag !== "context 0" || body?.tag !== asn1Tag.sequence) return err("not signed data");
  // certificates and revocation lists would come between content and signers, so they are refused
  const [version, digests, content, signers, ...more] = body.children;
  if (version?.content[0] !== 1 || digests?.tag !== asn1Tag.set || more.length > 0)
    return err("not AWS's kind of signed data");
  if (signers?.tag !== asn1Tag.set) return err("it carries certificates, or no signer");
  const [digest, ...digestsMore] = digests.children;
  if (digestsMore.length > 0 || !isAlgorithm(digest, [oids.sha256]))
    return err("its digest is not SHA-256: send the form rsa2048");
  const octets = readContent(content);
  if (!octets) return err("it has no content of its own");
  const [signer, ...signersMore] = signers.children;
  return signer && signersMore.length === 0 ? readSigner(signer, octets) : err("not exactly one signer");
}

/** Parameters are NULL or, in documents since 2026, absent (RFC 5754 2). */
function isAlgorithm(node: Asn1 | undefined, allowed: readonly string[]): boolean {
  const [id, parameters, ...more] = node?.children ?? [];
  if (id?.oid === undefined || !allowed.includes(id.oid) || more.length > 0) return false;
  return parameters === undefined || (parameters.tag === asn1Tag.nothing && parameters.content.length === 0);
}

function readContent(node: Asn1 | undefined): Uint8Array | undefined {
  const [kind, wrapped, ...more] = node?.children ?? [];
  const octets = wrapped?.children[0];
  if (kind?.oid !== oids.data || wrapped?.tag !== "context 0" || more.length > 0 || wrapped.children.length !== 1)
    return undefined;
  return octets?.tag === asn1Tag.octetString ? joined(octets) : undefined;
}

/** A string may be encoded in pieces (X.690 8.7.3); one level of them is accepted. */
function joined(octets: Asn1): Uint8Array | undefined {
  if (!octets.constructed) return octets.content;
  const flat = octets.children.every((c) => c.tag === asn1Tag.octetString && !c.constructed);
  return flat ? Buffer.concat(octets.children.map((c) => c.content)) : undefined;
}

function readSigner(signer: Asn1, content: Uint8Array): Result<SignedData, string> {
  const [version, id, digest, attributes, algorithm, signature, ...more] = signer.children;
  const [issuer, serial] = id?.children ?? [];
  if (version?.content[0] !== 1 || !issuer || serial?.tag !== asn1Tag.integer || more.length > 0)
    return err("its signer is not named by issuer and serial number");
  if (!isAlgorithm(digest, [oids.sha256])) return err("the signer's digest is not SHA-256");
  if (attributes?.tag !== "context 0") return err("it has no signed attributes");
  if (!isAlgorithm(algorithm, [oids.rsa, oids.sha256WithRsa])) return err("it is not signed with RSA: send rsa2048");
  if (signature?.tag !== asn1Tag.octetString || signature.constructed) return err("it has no signature");
  const why = attributesFault(attributes, content);
  if (why !== undefined) return err(why);
  const signed = Buffer.from(attributes.bytes);
  // signed as SET OF, transmitted as [0] IMPLICIT: in DER only the first octet differs
  signed[0] = 0x31;
  return ok({ content, issuer: issuer.bytes, serial: serial.content, signed, signature: signature.content });
}

/**
 * Both mandatory attributes must be there once, and the digest must be the content's: nothing else ties the content to
 * the signature.
 */
function attributesFault(attributes: Asn1, content: Uint8Array): string | undefined {
  if (!attributes.definite) return "its signed attributes are not DER";
  const found = new Map<string, Asn1>();
  for (const { children } of attributes.children) {
    const [id, values] = children;
    const value = values?.children[0];
    if (id?.oid === undefined || !value || values?.children.length !== 1 || found.has(id.oid))
      return "a signed attribute is malformed or stands twice";
    found.set(id.oid, value);
  }
  if (found.get(oids.contentType)?.oid !== oids.data) return "the signed content type is not data";
  const digest = found.get(oids.messageDigest);
  const actual = createHash("sha256").update(content).digest();
  return digest?.tag === asn1Tag.octetString && sameBytes(digest.content, actual)
    ? undefined
    : "the content is not the one that was signed";
}
