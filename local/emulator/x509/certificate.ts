/** Certificates of authorities that exist on this machine only, made at boot and gone with it. */
import { type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, der, integer, octets, oid, sequence, setOf, utcTime } from "./der.ts";

/** What a certificate is to say. */
interface CertificateInput {
  /** Common name of the subject. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** CA with so many intermediates below it; absent = a leaf that signs documents. */
  readonly pathLength?: number;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
}

/** Who signs it: its own key for a root. */
interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** A certificate in DER, with the fields that CMS names it by. */
export interface MadeCertificate {
  readonly der: Buffer;
  readonly issuer: Buffer;
  readonly serial: Buffer;
}

const organization = [
  ["2.5.4.6", "US"],
  ["2.5.4.10", "Embedded cloud"],
] as const;

/** Distinguished name with one common name. */
export const distinguishedName = (commonName: string): Buffer =>
  sequence(
    ...[...organization, ["2.5.4.3", commonName] as const].map(([type, value]) =>
      // country names are printable strings, the others UTF-8
      setOf(sequence(oid(type), der(type === "2.5.4.6" ? 0x13 : 0x0c, Buffer.from(value)))),
    ),
  );

const ecdsaWithSha384 = sequence(oid("1.2.840.10045.4.3.3"));
const rsaWithSha256 = sequence(oid("1.2.840.113549.1.1.11"), der(0x05));

/** Issues an X.509 v3 certificate (RFC 5280 4.1): ECDSA with SHA-384, or RSA with SHA-256, by the authority's key. */
export function issueCertificate(input: CertificateInput, authority: Authority): MadeCertificate {
  const isEc = authority.privateKey.asymmetricKeyType === "ec";
  const algorithm = isEc ? ecdsaWithSha384 : rsaWithSha256;
  const issuer = distinguishedName(authority.name);
  const serial = integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)]));
  const tbs = sequence(
    der(0xa0, integer(2)),
    serial,
    algorithm,
    issuer,
    sequence(utcTime(input.notBeforeSeconds), utcTime(input.notAfterSeconds)),
    distinguishedName(input.name),
    input.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensionsOf(input))),
  );
  const signature = sign(isEc ? "sha384" : "sha256", tbs, authority.privateKey);
  return { der: sequence(tbs, algorithm, bits(signature)), issuer, serial };
}

/** Basic constraints and key usage, both critical. */
function extensionsOf({ pathLength }: CertificateInput): Buffer[] {
  const constraints =
    pathLength === undefined ? sequence() : sequence(der(0x01, Buffer.from([0xff])), integer(pathLength));
  // digitalSignature is the first bit, keyCertSign the sixth, cRLSign the seventh
  const usage = pathLength === undefined ? Buffer.from([7, 0x80]) : Buffer.from([1, 0x06]);
  const critical = der(0x01, Buffer.from([0xff]));
  return [
    sequence(oid("2.5.29.19"), critical, octets(constraints)),
    sequence(oid("2.5.29.15"), critical, octets(der(0x03, usage))),
  ];
}
