import { type KeyObject, verify } from "node:crypto";
import type { Check } from "../../../model/check.ts";
import { limits } from "../../../model/limits.ts";
import { err, type Result } from "../../../model/result.ts";
import { sameBytes } from "../asn1.ts";
import { type EvidenceFault, reported, runSteps, type Step } from "../evidence-fault.ts";
import { type Certificate, readCertificate } from "../x509.ts";
import { awsEc2Certificates } from "./certificates.ts";
import { type InstanceDocument, readInstanceDocument, readRegion } from "./document.ts";
import { readSignedData, type SignedData } from "./signed-data.ts";

/** What an instance identity document is verified against. */
interface Ec2Options {
  readonly nowSeconds: number;
  /** Region → base64 of the DER of the only certificate that signs there; AWS's by default. */
  readonly certificates?: ReadonlyMap<string, string> | undefined;
  /** When set, a document of an instance that was launched longer ago is refused. */
  readonly launchAgeMaxSeconds?: number;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/**
 * Verifies the PKCS#7 of an EC2 instance identity document (form `rsa2048`) without any deployment or network. The
 * document's Region chooses the only certificate that is tried, from our own list. RSA-2048 keys differ by Region, so a
 * document cannot be moved to another Region.
 * @param bytes of the PKCS#7, base64 decoded
 * @returns the document, or the first check that failed; when our rules alone refuse it, `genuine` is true
 */
export function verifyInstanceIdentity(
  bytes: Uint8Array,
  options: Ec2Options,
): Result<InstanceDocument, EvidenceFault> {
  const { onCheck, nowSeconds } = options;
  if (bytes.length > limits.instanceIdentityBytes)
    return reported<never>(err(`longer than ${limits.instanceIdentityBytes} bytes`), "pkcs7", onCheck);
  const signed = reported(readSignedData(bytes), "pkcs7", onCheck);
  if (!signed.ok) return signed;
  const region = reported(regionCertificate(readRegion(signed.value.content), options), "region", onCheck);
  if (!region.ok) return region;
  const forged = runSteps(signatureSteps(signed.value, region.value, nowSeconds), onCheck);
  if (forged) return err(forged);
  const document = reported(readInstanceDocument(signed.value.content), "document", onCheck);
  // AWS signed it, so it is genuine whatever it says
  if (!document.ok) return err({ ...document.error, genuine: true });
  const refused = runSteps(launchSteps(document.value, options), onCheck);
  return refused ? err(refused) : document;
}

function regionCertificate(region: Result<string, string>, options: Ec2Options): Result<Certificate, string> {
  if (!region.ok) return region;
  const pinned = (options.certificates ?? awsEc2Certificates).get(region.value);
  return pinned === undefined
    ? err(`no certificate is pinned for ${region.value}`)
    : readCertificate(Buffer.from(pinned, "base64"));
}

function signatureSteps(signed: SignedData, certificate: Certificate, nowSeconds: number): readonly Step[] {
  const { issuer, serial, publicKey, notBeforeSeconds, notAfterSeconds } = certificate;
  const strong = isStrongRsa(publicKey);
  const named = sameBytes(signed.issuer, issuer) && sameBytes(signed.serial, serial);
  const valid = notBeforeSeconds <= nowSeconds && nowSeconds <= notAfterSeconds;
  return [
    { check: "key", detail: "RSA of 2048 bits", fault: () => (strong ? undefined : "the key is not RSA of 2048 bits") },
    {
      check: "signer",
      detail: "the Region's certificate",
      fault: () => (named ? undefined : "the signer is not the Region's certificate"),
    },
    {
      check: "signature",
      detail: "RSA with SHA-256",
      fault: () => (verifyRsaSha256(signed.signed, signed.signature, publicKey) ? undefined : "the signature is wrong"),
    },
    {
      check: "validity",
      detail: "in time",
      fault: () => (valid ? undefined : "the Region's certificate is not valid now"),
    },
  ];
}

/** The only kind of key that differs by Region. */
const isStrongRsa = (key: KeyObject): boolean =>
  key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048;

/** Verifies RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2.2) over plain bytes, under a key of 2048 bits or more. */
export const verifyRsaSha256 = (signed: Uint8Array, signature: Uint8Array, key: KeyObject): boolean =>
  isStrongRsa(key) && verify("sha256", signed, key, signature);

function launchSteps({ pendingTimeSeconds }: InstanceDocument, options: Ec2Options): readonly Step[] {
  const age = options.nowSeconds - pendingTimeSeconds;
  const { launchAgeMaxSeconds: most = Number.POSITIVE_INFINITY } = options;
  const fault = () => {
    if (age < -limits.foreignSkewSeconds) return "the instance was launched in the future";
    if (age <= most) return undefined;
    return { why: `launched more than ${most} seconds ago`, expiredAtSeconds: pendingTimeSeconds + most };
  };
  return [{ check: "launch", detail: `launched ${age} seconds ago`, genuine: true, fault }];
}
