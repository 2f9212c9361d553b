/** Instance identity documents and the three signatures EC2 gives them, under keys of a Region that exists here alone. */
import { generateKeyPairSync, sign } from "node:crypto";
import { distinguishedName, issueCertificate } from "../x509/certificate.ts";
import { integer } from "../x509/der.ts";
import { signedData } from "./signed-data.ts";

/** What a document says of an instance. */
export interface InstanceFacts {
  readonly account: string;
  readonly region: string;
  readonly instanceId: string;
  readonly imageId: string;
  readonly launchedAtSeconds: number;
}

/** One Region's signing of documents. */
export interface InstanceIdentity {
  /** Certificate of the key behind `rsa2048`, DER. */
  readonly certificate: Uint8Array;
  /** Each form by its name below `instance-identity/`, as the text the metadata service answers. */
  forms(facts: InstanceFacts): Readonly<Record<"document" | "signature" | "rsa2048" | "pkcs7", () => string>>;
}

const yearSeconds = 365 * 86_400;

/** Makes the Region's keys. They are never written anywhere. */
export function openInstanceIdentity(region: string, nowMillis: () => number): InstanceIdentity {
  const nowSeconds = () => Math.floor(nowMillis() / 1000);
  const name = `ec2.${region}.embedded`;
  const keys = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const bornSeconds = nowSeconds();
  const certificate = issueCertificate(
    { name, publicKey: keys.publicKey, notBeforeSeconds: bornSeconds, notAfterSeconds: bornSeconds + 10 * yearSeconds },
    { name, privateKey: keys.privateKey },
  );
  const old = lazily(() => ({
    rsa: generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey,
    dsa: generateKeyPairSync("dsa", { modulusLength: 1_024, divisorLength: 160 }).privateKey,
  }));
  return {
    certificate: certificate.der,
    forms(facts) {
      const content = Buffer.from(documentOf(facts));
      return {
        document: () => content.toString(),
        // the two older forms are weaker, and verifiers should refuse them: they must be there to be refused
        signature: () => lines(sign("sha256", content, old().rsa)),
        pkcs7: () => lines(signedData(content, { privateKey: old().dsa, certificate: oldName }, nowSeconds())),
        rsa2048: () => lines(signedData(content, { privateKey: keys.privateKey, certificate }, nowSeconds())),
      };
    },
  };
}

const oldName = { issuer: distinguishedName("ec2.embedded"), serial: integer(1) };

/** Members, order and spacing as EC2 writes them; `pendingTime` is the launch, whenever the document is read. */
function documentOf({ account, region, instanceId, imageId, launchedAtSeconds }: InstanceFacts): string {
  const members = {
    accountId: account,
    architecture: "arm64",
    availabilityZone: `${region}a`,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId,
    instanceId,
    instanceType: "m7g.large",
    kernelId: null,
    pendingTime: new Date(launchedAtSeconds * 1000).toISOString().replace(".000", ""),
    privateIp: "10.0.0.10",
    ramdiskId: null,
    region,
    version: "2017-09-30",
  };
  return JSON.stringify(members, null, 2).replaceAll('": ', '" : ');
}

/** Base64 in lines of 64. */
const lines = (bytes: Buffer): string => bytes.toString("base64").replace(/(.{64})(?=.)/g, "$1\n");

/** Makes something when it is first wanted, and once. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
