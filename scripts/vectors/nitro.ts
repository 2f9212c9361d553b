import { z } from "zod";
import { awsNitroRoot } from "../../core/attest/aws-nitro-root.ts";
import { verifyNitroDocument } from "../../core/attest/aws-nitro-verify.ts";
import { decodeBase64 } from "../../core/attest/base64.ts";
import { limits } from "../../core/limits.ts";
import { eachCase, type Judged, type Outcome, outcomesOf, topic } from "./document.ts";
import type { VectorFolder } from "./folder.ts";

/** What we decided where the notes leave it open: AWS's own shape, nothing looser. */
const decided = new Map<string, Outcome>([
  ["testroot/B43-cabundle-without-root.bin", "invalid"],
  ["testroot/B62-leaf-reused-other-module-id.bin", "invalid"],
]);

/** The one challenge that the notes name, for the documents whose nonce must differ from it. */
const otherChallenge = "\x11".repeat(32);

/** How one document is judged. */
export interface NitroTrial {
  readonly nowSeconds: number;
  /** DER; AWS's by default. */
  readonly root?: Uint8Array;
  readonly challenge?: string;
}

/** Judges one attestation document of an enclave; what AWS signed and our rules refuse is `policy`. */
export async function judgeNitro(folder: VectorFolder, file: string, trial: NitroTrial): Promise<Judged> {
  const bytes = file.endsWith(".b64")
    ? decodeBase64(folder.text(file).trim(), limits.nitroDocumentBytes)
    : folder.bytes(file);
  if (!bytes) return { outcome: "invalid", reason: "shape: not base64, or too long" };
  const { nowSeconds, root = awsNitroRoot, challenge } = trial;
  const options = { kind: "enclave", root, nowSeconds, ...(challenge === undefined ? {} : { challenge }) } as const;
  const result = await verifyNitroDocument(bytes, options);
  if (result.ok) return { outcome: "valid", reason: `module ${result.value.document.moduleId}` };
  const { genuine, check, why } = result.error;
  return { outcome: genuine ? "policy" : "invalid", reason: `${check}: ${why}` };
}

const real = z.looseObject({
  file: z.string(),
  expected: z.string(),
  verify_clock_ms: z.number(),
  debug_mode: z.boolean().default(false),
});

/** Genuine documents, each by its own clock. One of an enclave in debug mode is genuine, and refused. */
export const nitroDocuments = topic(/^manifest\.json$/, z.array(z.unknown()), (entries, folder, manifest) =>
  eachCase(entries, { folder, file: manifest, shape: real }, ({ file, expected, verify_clock_ms, debug_mode }) => ({
    file: folder.label(file),
    said: expected,
    expected: outcomesOf(expected, expected === "valid" && debug_mode ? "policy" : undefined),
    judge: () => judgeNitro(folder, file, { nowSeconds: Math.floor(verify_clock_ms / 1000) }),
  })),
);

const spoilt = z.looseObject({
  file: z.string(),
  expected: z.string(),
  reason: z.string().nullish(),
  trust_root: z.string(),
  verify_clock: z.string(),
});

/** Spoilt documents, and documents under a root of the test's own. */
export const nitroMutants = topic(/^mutants-manifest\.json$/, z.array(z.unknown()), (entries, folder, manifest) =>
  eachCase(
    entries,
    { folder, file: manifest, shape: spoilt },
    ({ file, expected, reason, trust_root, verify_clock }) => ({
      file: folder.label(file),
      said: expected,
      expected: outcomesOf(expected, decided.get(file)),
      judge: () =>
        judgeNitro(folder, file, {
          nowSeconds: Math.floor(Date.parse(verify_clock) / 1000),
          ...(trust_root === "aws" ? {} : { root: folder.bytes(trust_root) }),
          ...(reason?.includes("the challenge 0x11*32") ? { challenge: otherChallenge } : {}),
        }),
    }),
  ),
);
