import { z } from "zod";
import { decodeBase64 } from "../../../core/attest/formats/base64.ts";
import { awsNitroRoot } from "../../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../../core/attest/formats/nitro/verify.ts";
import { limits } from "../../../core/model/limits.ts";
import { type Evaluated, eachCase, type Outcome, outcomesOf, topic } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

/** What we decided where the notes leave it open: AWS's own shape, nothing looser. */
const decided = new Map<string, Outcome>([
  ["testroot/B43-cabundle-without-root.bin", "invalid"],
  ["testroot/B62-leaf-reused-other-module-id.bin", "invalid"],
]);

/** A challenge in a note's prose, as `the challenge 0x11*32`: one byte, so many times. */
const challengeInProse = /challenge 0x([0-9a-f]{2})\*([1-9]\d{0,2})\b/i;

/** The members of a note that say by what its document is evaluated. */
const evaluatedBy = {
  verify_clock: z.string().optional(),
  verify_clock_ms: z.number().optional(),
  /** A file of the folder in DER, or `aws`. */
  trust_root: z.string().default("aws"),
  /** The challenge that was given out, as the document's nonce must carry it. */
  challenge: z.string().optional(),
  reason: z.string().nullish(),
};

type EvaluatedBy = z.infer<z.ZodObject<typeof evaluatedBy>>;

const hasClock = (note: EvaluatedBy) => Number.isFinite(clockOf(note));
const clockOf = ({ verify_clock, verify_clock_ms }: EvaluatedBy) =>
  Math.floor((verify_clock_ms ?? Date.parse(verify_clock ?? "")) / 1000);

/** Clock, root and challenge, as a note names them. @throws Unreadable when its root is not there */
function trialOf(folder: VectorFolder, note: EvaluatedBy): NitroTrial {
  const [, byte, times] = challengeInProse.exec(note.reason ?? "") ?? [];
  const prose = byte === undefined ? undefined : String.fromCharCode(Number.parseInt(byte, 16)).repeat(Number(times));
  const challenge = note.challenge ?? prose;
  return {
    nowSeconds: clockOf(note),
    ...(note.trust_root === "aws" ? {} : { root: folder.bytes(note.trust_root) }),
    ...(challenge === undefined ? {} : { challenge }),
  };
}

/** How one document is evaluated. */
interface NitroTrial {
  readonly nowSeconds: number;
  /** DER; AWS's by default. */
  readonly root?: Uint8Array;
  readonly challenge?: string;
}

/** Evaluates one attestation document of an enclave; what AWS signed and our rules refuse is `policy`. */
async function evaluateNitro(folder: VectorFolder, file: string, trial: NitroTrial): Promise<Evaluated> {
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

const withoutClock = "names no clock";
const real = z
  .looseObject({ ...evaluatedBy, file: z.string(), expected: z.string(), debug_mode: z.boolean().default(false) })
  .refine(hasClock, withoutClock);

/** Genuine documents, each by its own clock. One of an enclave in debug mode is genuine, and refused. */
export const nitroDocuments = topic(/^manifest\.json$/, z.array(z.unknown()), (entries, folder, manifest) =>
  eachCase(entries, { folder, file: manifest, shape: real }, ({ file, expected, debug_mode, ...note }) => ({
    file: folder.label(file),
    said: expected,
    expected: outcomesOf(expected, expected === "valid" && debug_mode ? "policy" : undefined),
    evaluate: () => evaluateNitro(folder, file, trialOf(folder, note)),
  })),
);

const spoilt = z.looseObject({ ...evaluatedBy, file: z.string(), expected: z.string() }).refine(hasClock, withoutClock);

/** Spoilt documents, and documents under a root of the test's own. */
export const nitroMutants = topic(/^mutants-manifest\.json$/, z.array(z.unknown()), (entries, folder, manifest) =>
  eachCase(entries, { folder, file: manifest, shape: spoilt }, ({ file, expected, ...note }) => ({
    file: folder.label(file),
    said: expected,
    expected: outcomesOf(expected, decided.get(file)),
    evaluate: () => evaluateNitro(folder, file, trialOf(folder, note)),
  })),
);
