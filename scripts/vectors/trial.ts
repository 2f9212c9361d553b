import { detectEvidence, documentBytesMax } from "../../bin/lanyard/attest/detect.ts";
import { explainEvidence } from "../../bin/lanyard/attest/explain.ts";
import type { AttestSettings } from "../../bin/lanyard/attest/settings.ts";
import { verdict } from "../../bin/lanyard/attest/table.ts";
import type { Outcome, VectorDocument } from "./document.ts";
import type { Untold } from "./find.ts";

/** One document tried. */
export interface Trial {
  readonly file: string;
  /** The note's word, and our decision where it left one to us; `?` without a note. */
  readonly expected: string;
  /** `error` when it could not be evaluated, `undecided` when nothing failed and nothing was proved. */
  readonly outcome: Outcome | "undecided" | "unknown" | "error" | "n/a";
  readonly reason: string;
  /** Undefined when nobody said what should come out, or nothing of ours could evaluate it (`n/a`). */
  readonly passed?: boolean;
}

/** Evaluates a document with a note. A verifier that throws has failed it: strangers' bytes are no bug. */
export async function tryDocument({ file, said, expected, evaluate, notOurs }: VectorDocument): Promise<Trial> {
  if (notOurs !== undefined) return { file, expected: "-", outcome: "n/a", reason: notOurs };
  const [only, ...others] = expected;
  const decision = only === undefined || others.length > 0 || only === said ? said : `${said}: ${only}`;
  try {
    const { outcome, reason } = await evaluate();
    return { file, expected: decision, outcome, reason, passed: expected.includes(outcome) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { file, expected: decision, outcome: "error", reason, passed: false };
  }
}

/** What an untold file is explained by. */
export interface UntoldSettings {
  readonly settings: AttestSettings;
  readonly nowSeconds: number;
}

/**
 * Tries a file that nobody left a note for, as `lanyard attest --explain` does. What that cannot read fails: a file that
 * was given and not tried is not passed over.
 */
export async function tryUntold({ folder, file }: Untold, { settings, nowSeconds }: UntoldSettings): Promise<Trial> {
  const told = (outcome: Trial["outcome"], reason: string): Trial => ({
    file: folder.label(file),
    expected: "?",
    outcome,
    reason,
    ...(outcome === "unknown" || outcome === "error" ? { passed: false } : {}),
  });
  try {
    const bytes = folder.bytes(file);
    if (bytes.length > documentBytesMax)
      return told("unknown", `longer than ${documentBytesMax} bytes: no document is`);
    const evidence = detectEvidence(bytes);
    const explained = evidence && (await explainEvidence({ evidence, settings, nowSeconds }));
    if (!explained) return told("unknown", "no document that is known here");
    const failed = explained.checks.some((check) => !check.ok);
    const reason = `${explained.type}: ${verdict(explained)}`;
    return told(explained.accepted ? "valid" : failed ? "invalid" : "undecided", reason);
  } catch (cause) {
    return told("error", cause instanceof Error ? cause.message : String(cause));
  }
}

/** Certificates, which the notes name as trust anchors, or which lie beside those that are. */
const certificate = /\.(pem|der|crt|cer)$/;

/**
 * Whether a file beside or below a manifest is what documents are evaluated by and no document itself. To be asked when
 * every case was tried: a note's own files were read by then.
 */
export function isSideFile({ folder, file, told }: Untold): boolean {
  if (folder.wasRead(file)) return true;
  if (!told) return false;
  if (certificate.test(file)) return true;
  try {
    return file.endsWith(".json") && Array.isArray((folder.json(file) as { keys?: unknown } | null)?.keys);
  } catch {
    return false;
  }
}
