import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { boolean, der, integer, oid, sequence, utcTime } from "./der.ts";

/** Key usage bits of a test certificate (RFC 5280 4.2.1.3), first octet. */
export const usage = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const;

/** What a test certificate says; whatever is left out is that of a sound leaf. */
export interface CertificateShape {
  readonly subject?: string;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly usage?: number;
  readonly uris?: readonly string[];
  readonly notBeforeSeconds?: number;
  readonly notAfterSeconds?: number;
  /** OID of one more extension, critical. */
  readonly critical?: string;
  readonly hash?: "sha1" | "sha256";
  readonly key?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

/** A certificate and the key it is about. */
export interface TestCertificate {
  readonly der: Buffer;
  readonly subject: string;
  /** Name of its issuer and its serial number, as encoded: by both a signature names the certificate it is by. */
  readonly named: Buffer;
  readonly privateKey: KeyObject;
}

/** A fresh P-256 key pair. */
export const ecPair = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve });

const name = (cn: string) =>
  cn === "" ? sequence() : sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(cn)))));
const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), der(0x04, value));

const algorithm = (hash: "sha1" | "sha256") =>
  sequence(oid(hash === "sha1" ? "1.2.840.10045.4.1" : "1.2.840.10045.4.3.2"));

/** Issues a certificate; without `issuer` it signs itself. */
export function issue(shape: CertificateShape, issuer?: TestCertificate): TestCertificate {
  const { subject = "", ca = false, hash = "sha256", uris, key = ecPair() } = shape;
  const constraints = sequence(
    ...(ca ? [boolean(true)] : []),
    ...(shape.pathLength === undefined ? [] : [integer(shape.pathLength)]),
  );
  const bits = shape.usage ?? (ca ? usage.keyCertSign : usage.digitalSignature);
  const extensions = [
    extension("2.5.29.19", true, constraints),
    extension("2.5.29.15", true, der(0x03, Buffer.from([0, bits]))),
    ...(uris ? [extension("2.5.29.17", true, sequence(...uris.map((u) => der(0x86, Buffer.from(u, "latin1")))))] : []),
    ...(shape.critical === undefined ? [] : [extension(shape.critical, true, sequence())]),
  ];
  const [issuerName, serial] = [name(issuer?.subject ?? subject), integer(1 + Math.floor(Math.random() * 100))];
  const tbs = sequence(
    der(0xa0, integer(2)),
    serial,
    algorithm(hash),
    issuerName,
    sequence(utcTime(shape.notBeforeSeconds ?? 1_785_000_000), utcTime(shape.notAfterSeconds ?? 1_786_000_000)),
    name(subject),
    key.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign(hash, tbs, issuer?.privateKey ?? key.privateKey);
  const certificate = sequence(tbs, algorithm(hash), der(0x03, Buffer.from([0]), signature));
  return { der: certificate, subject, named: sequence(issuerName, serial), privateKey: key.privateKey };
}
