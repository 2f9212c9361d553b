import { epochFrom } from "../model/epoch.ts";
import { tombstoneKeys } from "../model/row-keys.ts";

/** A revocation, read by the publisher from the row that was written. */
export type Change =
  | { readonly kind: "tombstone"; readonly root: string; readonly sid: string }
  /** `subject` is `agent:<id>`, `principal:<id>`, `build:<digest>` or `login:<hash>`; sessions issued under less than `epoch` are over. */
  | ({ readonly kind: "raised"; readonly subject: string; readonly epoch: number } & Raised)
  | ({ readonly kind: "deployment"; readonly epoch: number } & Raised);

/** What a row may tell of the moment it was written. */
interface Raised {
  /** When it was cut; missing from a row that an operator wrote by hand. */
  readonly atSeconds?: number;
}

const epochKey = /^standing#((?:agent|principal|build|login):.+)$/;

/**
 * Reads a row of table Tombstones (it names a `session`) or Revocations (it names a `subject`).
 * @returns the change, "other" for rows that end no session (a withdrawn offer, a document denylisted, further copies
 * of the deployment's row, a lift or a registry's version on a row never raised), or "malformed" for a revocation row
 * that cannot be read. An epoch of 0 was never raised, and no session is issued under less
 */
export function changeOf(row: Readonly<Record<string, unknown>>): Change | "other" | "malformed" {
  const { session, subject, root, generation, cutAtSeconds, autoQuarantines, autoQuarantinedAtSeconds } = row;
  const { reported, reportedAtSeconds } = row;
  if (typeof session === "string" && session.startsWith(tombstoneKeys.offer(""))) return "other";
  if (session !== undefined) {
    const whole = typeof root === "string" && typeof session === "string";
    return whole ? { kind: "tombstone", root, sid: session } : "malformed";
  }
  if (typeof subject !== "string") return "malformed";
  const deployment = subject.startsWith("deployment#");
  const named = epochKey.exec(subject)?.[1];
  if (!deployment && named === undefined) return subject.startsWith("standing#") ? "malformed" : "other";
  // all copies are written in one transaction, so one of them is enough
  if (deployment && subject !== "deployment#0") return "other";
  const raised = [generation, autoQuarantines, reported];
  if (raised.every((one) => one === undefined)) return "other";
  const counts = raised.map((one) => one ?? 0);
  if (!counts.every((one) => typeof one === "number")) return "malformed";
  const epoch = epochFrom(counts[0] ?? 0, (counts[1] ?? 0) + (counts[2] ?? 0));
  // every first version of a registry writes it: read as a cut, it would stop all credentials of the deployment at AWS
  if (epoch === 0) return "other";
  const times = [cutAtSeconds, autoQuarantinedAtSeconds, reportedAtSeconds].filter((one) => typeof one === "number");
  const at = times.length > 0 ? { atSeconds: Math.max(...times) } : {};
  return named === undefined ? { kind: "deployment", epoch, ...at } : { kind: "raised", subject: named, epoch, ...at };
}
