/** CMS SignedData (RFC 5652 5.1) as EC2 makes it: one signer, signed attributes, the content inside, no certificates. */
import { createHash, type KeyObject, sign } from "node:crypto";
import type { MadeCertificate } from "../x509/certificate.ts";
import { der, integer, octets, oid, sequence, setOf, utcTime } from "../x509/der.ts";

/** Who signs: a key and the certificate it is named by. */
interface Signer {
  /** RSA signs with SHA-256; DSA with SHA-1, as EC2's oldest form does. */
  readonly privateKey: KeyObject;
  readonly certificate: Pick<MadeCertificate, "issuer" | "serial">;
}

const oids = {
  signedData: oid("1.2.840.113549.1.7.2"),
  data: oid("1.2.840.113549.1.7.1"),
  contentType: oid("1.2.840.113549.1.9.3"),
  messageDigest: oid("1.2.840.113549.1.9.4"),
  signingTime: oid("1.2.840.113549.1.9.5"),
};
const nothing = der(0x05);
const rsa = { hash: "sha256", digest: "2.16.840.1.101.3.4.2.1", signature: "1.2.840.113549.1.1.1" };
const dsa = { hash: "sha1", digest: "1.3.14.3.2.26", signature: "1.2.840.10040.4.1" };

/** Signs `content` and puts it inside. */
export function signedData(content: Uint8Array, { privateKey, certificate }: Signer, nowSeconds: number): Buffer {
  const { hash, digest, signature } = privateKey.asymmetricKeyType === "dsa" ? dsa : rsa;
  const digestAlgorithm = sequence(oid(digest), nothing);
  const attributes = setOf(
    sequence(oids.contentType, setOf(oids.data)),
    sequence(oids.signingTime, setOf(utcTime(nowSeconds))),
    sequence(oids.messageDigest, setOf(octets(createHash(hash).update(content).digest()))),
  );
  // what is signed is a SET; what is sent has an implicit tag in place of SET's (RFC 5652 5.4)
  const sent = Buffer.from(attributes);
  sent[0] = 0xa0;
  const signer = sequence(
    integer(1),
    sequence(certificate.issuer, certificate.serial),
    digestAlgorithm,
    sent,
    sequence(oid(signature), nothing),
    octets(sign(hash, attributes, privateKey)),
  );
  const encapsulated = sequence(oids.data, der(0xa0, octets(content)));
  return sequence(
    oids.signedData,
    der(0xa0, sequence(integer(1), setOf(digestAlgorithm), encapsulated, setOf(signer))),
  );
}
