import type { Denial } from "../../denial/denial.ts";
import type { Check } from "../../model/check.ts";
import { err, type Result } from "../../model/result.ts";

/** Why a document was refused, before it is decided what the caller is told. */
export interface EvidenceFault {
  /** Name of the check that failed. */
  readonly check: string;
  readonly why: string;
  /** True when the document is genuine, and only our own rules refuse it. */
  readonly genuine: boolean;
  readonly expiredAtSeconds?: number;
  /** Set when the document is not bound to this request. */
  readonly unbound?: "challenge" | "jkt" | "issuer";
}

/** The refusal of evidence of `type` for this fault. */
export function faultDenial(type: string, fault: EvidenceFault): Denial {
  if (fault.unbound !== undefined) return { code: "evidence_unbound", type, field: fault.unbound };
  const { expiredAtSeconds, check, why } = fault;
  if (expiredAtSeconds !== undefined) return { code: "evidence_expired", type, expiredAtSeconds };
  return { code: "evidence_invalid", type, check, why };
}

/** One check: what it found, and what is wrong if it fails. */
export interface Step {
  readonly check: string;
  readonly detail: string;
  readonly fault: () => Omit<EvidenceFault, "check" | "genuine"> | string | undefined;
  /** Set for a check of our own rules, made on a document that was found genuine. */
  readonly genuine?: true;
}

/** Runs checks in order and reports each to `onCheck`, up to the first that fails. */
export function runSteps(
  steps: readonly Step[],
  onCheck: ((check: Check) => void) | undefined,
): EvidenceFault | undefined {
  for (const { check: name, detail, fault, genuine = false } of steps) {
    const found = fault();
    const failed = typeof found === "string" ? { why: found } : found;
    onCheck?.({ name, ok: failed === undefined, detail: failed?.why ?? detail });
    if (failed) return { check: name, genuine, ...failed };
  }
  return undefined;
}

/** Reports to `onCheck` whether reading succeeded, and turns a failure into a fault. */
export function reported<T>(
  read: Result<T, string>,
  check: string,
  onCheck: ((check: Check) => void) | undefined,
): Result<T, EvidenceFault> {
  onCheck?.({ name: check, ok: read.ok, detail: read.ok ? "well-formed" : read.error });
  return read.ok ? read : err({ check, why: read.error, genuine: false });
}
