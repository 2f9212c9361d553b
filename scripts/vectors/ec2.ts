import { z } from "zod";
import { readRegion } from "../../core/attest/aws-ec2-document.ts";
import { readSignedData } from "../../core/attest/aws-ec2-signed-data.ts";
import { verifyInstanceIdentity } from "../../core/attest/aws-ec2-verify.ts";
import { decodeBase64 } from "../../core/attest/base64.ts";
import { limits } from "../../core/limits.ts";
import { eachCase, type Judged, type Outcome, outcomesOf, topic } from "./document.ts";
import type { VectorFolder } from "./folder.ts";

/** 2026-08-01T00:00:00Z, the notes' clock. */
const nowSeconds = 1_785_542_400;

/** Only the RSA-2048 form binds the Region, so the others are refused; nothing looser than AWS's own shape is taken. */
const decidedForm = (expected: string): Outcome | undefined =>
  expected.startsWith("valid-if-") ? "invalid" : undefined;
const decided = new Map<string, Outcome>([
  ["testca/T02-good-embedded-cert.pkcs7.b64", "invalid"],
  ["testca/T09-no-signed-attributes.pkcs7.b64", "invalid"],
]);

/**
 * Judges one PKCS#7.
 * @param certificate PEM pinned for whatever Region the document is of; without it, AWS's own
 */
export function judgeInstance(folder: VectorFolder, file: string, certificate?: string): Judged {
  const text = folder.text(file);
  const bytes = decodeBase64(text, limits.instanceIdentityBytes);
  // what cannot be read as base64 within the bound never reaches the parser
  if (!bytes) {
    const tooLong = text.length > limits.instanceIdentityBytes * 2;
    return {
      outcome: tooLong ? "policy" : "invalid",
      reason: `shape: ${tooLong ? "too long" : "empty or not base64"}`,
    };
  }
  const certificates = certificate === undefined ? undefined : pinned(bytes, folder.text(certificate));
  const result = verifyInstanceIdentity(bytes, { nowSeconds, ...(certificates ? { certificates } : {}) });
  if (result.ok) return { outcome: "valid", reason: `instance ${result.value.instanceId}` };
  const { genuine, check, why } = result.error;
  return { outcome: genuine ? "policy" : "invalid", reason: `${check}: ${why}` };
}

function pinned(bytes: Uint8Array, pem: string): ReadonlyMap<string, string> {
  const signed = readSignedData(bytes);
  const region = signed.ok ? readRegion(signed.value.content) : undefined;
  return new Map([[region?.ok ? region.value : "", pem.replaceAll(/-----[^-]+-----|\s/g, "")]]);
}

const entry = z
  .looseObject({
    id: z.string().optional(),
    pkcs7: z.string().optional(),
    signature: z.string().optional(),
    trust_cert: z.string().optional(),
    expected: z.string(),
  })
  .refine(
    ({ pkcs7, signature }) => pkcs7 !== undefined || signature !== undefined,
    "names neither pkcs7 nor signature",
  );

/** Instance identity documents, genuine and made. A bare signature is shown in the one form the attestor takes. */
export const instanceDocuments = topic(
  /^(real|testca)-manifest\.json$/,
  z.array(z.unknown()),
  (cases, folder, manifest) =>
    eachCase(cases, { folder, file: manifest, shape: entry }, ({ id, pkcs7, signature, trust_cert, expected }) => {
      const file = pkcs7 ?? signature ?? "";
      return {
        file: folder.label(file, id),
        said: expected,
        expected: outcomesOf(expected, decidedForm(expected) ?? decided.get(file)),
        judge: () => judgeInstance(folder, file, trust_cert),
      };
    }),
);
