import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { ecPair, issue, type TestCertificate } from "./certificates.ts";
import { der, integer, nothing, octets, oid, sequence, setOf, utcTime } from "./der.ts";

/** A Region that signs instance identity documents. */
interface TestRegion {
  /** Base64 of the DER of the certificate it signs under, to be pinned instead of AWS's. */
  readonly certificate: string;
  /** The document of an instance as IMDS answers `instance-identity/rsa2048`, signed anew each time. */
  document(instance: TestInstance, nowSeconds: number): string;
}

/** What a document says that a test cares for. */
interface TestInstance {
  readonly account: string;
  readonly instanceId: string;
  readonly launchedAtSeconds: number;
}

const machine = { imageId: "ami-0abcdef1234567890", instanceType: "m7g.large", architecture: "arm64" };
const [data, digest, rsa] = ["1.2.840.113549.1.7.1", "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"].map(oid) as [
  Buffer,
  Buffer,
  Buffer,
];

/** Makes a Region's key, RSA of 2048 bits as EC2's, and its certificate. */
export function testRegion(region: string): TestRegion {
  const key = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  // its signature is nobody's business: the certificate is pinned, not chained
  const shape = { subject: `ec2.${region}`, key, notAfterSeconds: 2_000_000_000 };
  const certificate = issue(shape, issue({ subject: "pinned", ca: true, key: ecPair() }));
  return {
    certificate: certificate.der.toString("base64"),
    document({ account, instanceId, launchedAtSeconds }, nowSeconds) {
      const pendingTime = new Date(launchedAtSeconds * 1000).toISOString().replace(".000", "");
      const said = { ...machine, accountId: account, instanceId, pendingTime, region, availabilityZone: `${region}a` };
      return signedData(Buffer.from(JSON.stringify(said)), certificate, nowSeconds).toString("base64");
    },
  };
}

/** CMS SignedData (RFC 5652 5.1) of one signer, with signed attributes, the content inside and no certificates. */
function signedData(content: Uint8Array, { privateKey, named }: TestCertificate, nowSeconds: number): Buffer {
  const sha256 = sequence(digest, nothing);
  const attribute = (id: string, value: Buffer) => sequence(oid(id), setOf(value));
  const attributes = setOf(
    attribute("1.2.840.113549.1.9.3", data),
    attribute("1.2.840.113549.1.9.5", utcTime(nowSeconds)),
    attribute("1.2.840.113549.1.9.4", octets(createHash("sha256").update(content).digest())),
  );
  // what is signed is a SET; what is sent has an implicit tag in place of SET's (RFC 5652 5.4)
  const sent = Buffer.from(attributes);
  sent[0] = 0xa0;
  const signature = octets(sign("sha256", attributes, privateKey));
  const signer = sequence(integer(1), named, sha256, sent, sequence(rsa, nothing), signature);
  const inside = sequence(data, der(0xa0, octets(content)));
  const body = sequence(integer(1), setOf(sha256), inside, setOf(signer));
  return sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, body));
}
