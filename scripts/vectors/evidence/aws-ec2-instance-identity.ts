import { z } from "zod";
import { decodeBase64 } from "../../../core/attest/formats/base64.ts";
import { readRegion } from "../../../core/attest/formats/instance-identity/document.ts";
import { readSignedData } from "../../../core/attest/formats/instance-identity/signed-data.ts";
import { verifyInstanceIdentity } from "../../../core/attest/formats/instance-identity/verify.ts";
import { limits } from "../../../core/model/limits.ts";
import { type Evaluated, eachCase, type Outcome, outcomesOf, topic } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

/** 2026-08-01T00:00:00Z, the clock of notes that name none. */
const notesNowSeconds = 1_785_542_400;

/** Only the RSA-2048 form binds the Region, so the others are refused; nothing looser than AWS's own shape is taken. */
const decidedForm = (expected: string): Outcome | undefined =>
  expected.startsWith("valid-if-") ? "invalid" : undefined;
const decided = new Map<string, Outcome>([
  ["testca/T02-good-embedded-cert.pkcs7.b64", "invalid"],
  ["testca/T09-no-signed-attributes.pkcs7.b64", "invalid"],
]);

/** What a note hands to its document. */
interface InstanceTrial {
  /** File with the PEM pinned for whatever Region the document is of; without it, AWS's own. */
  readonly certificate?: string | undefined;
  /** File with the document as it was shown beside the PKCS#7. */
  readonly document?: string | undefined;
  readonly nowSeconds?: number | undefined;
}

/** Evaluates one PKCS#7. A document beside it must be what is signed: whoever reads that one would believe a stranger. */
export function evaluateInstance(folder: VectorFolder, file: string, trial: InstanceTrial = {}): Evaluated {
  const { certificate, document, nowSeconds = notesNowSeconds } = trial;
  const text = folder.text(file);
  if (document !== undefined) folder.names(document);
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
  if (result.ok && document !== undefined && !isSigned(bytes, folder.text(document)))
    return { outcome: "invalid", reason: "document: the one beside it is not what is signed" };
  if (result.ok) return { outcome: "valid", reason: `instance ${result.value.instanceId}` };
  const { genuine, check, why } = result.error;
  return { outcome: genuine ? "policy" : "invalid", reason: `${check}: ${why}` };
}

/** Files end with a line break where the signed bytes do not. */
function isSigned(bytes: Uint8Array, document: string): boolean {
  const signed = readSignedData(bytes);
  return signed.ok && Buffer.from(signed.value.content).toString("utf8").trimEnd() === document.trimEnd();
}

function pinned(bytes: Uint8Array, pem: string): ReadonlyMap<string, string> {
  const signed = readSignedData(bytes);
  const region = signed.ok ? readRegion(signed.value.content) : undefined;
  return new Map([[region?.ok ? region.value : "", pem.replaceAll(/-----[^-]+-----|\s/g, "")]]);
}

const clockOf = (said: string | undefined) => (said === undefined ? notesNowSeconds : Date.parse(said) / 1000);

const entry = z
  .looseObject({
    id: z.string().optional(),
    pkcs7: z.string().optional(),
    signature: z.string().optional(),
    trust_cert: z.string().optional(),
    kind: z.string().optional(),
    trust: z.string().optional(),
    document: z.string().nullish(),
    verify_clock: z.string().optional(),
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
    eachCase(cases, { folder, file: manifest, shape: entry }, ({ id, pkcs7, signature, expected, ...note }) => {
      const file = pkcs7 ?? signature ?? "";
      return {
        file: folder.label(file, id),
        said: expected,
        expected: outcomesOf(expected, decidedForm(expected) ?? decided.get(file)),
        evaluate: () =>
          evaluateInstance(folder, file, {
            // the other forms are refused before any certificate is tried
            certificate: note.trust_cert ?? (note.kind?.startsWith("rsa2048") ? note.trust : undefined),
            document: note.document ?? undefined,
            nowSeconds: clockOf(note.verify_clock),
          }),
      };
    }),
);
