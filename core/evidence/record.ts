import { createHash } from "node:crypto";
import type { AuditLine } from "../lineage/lines.ts";
import { auditLineOf } from "../lineage/rows.ts";
import { err, ok, type Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";

/** A record of the audit, as it was written. */
export interface EvidenceRecord {
  readonly eventId: string;
  /** The line without its newline: what was hashed. */
  readonly text: string;
  /** base64url SHA-256 of the text. */
  readonly hash: string;
  /** What a trace reads of it. */
  readonly line: AuditLine;
  /** All of our columns. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Longest record that is read; Lanyard writes at most a tenth of this. */
const recordBytes = 1_048_576;
const depthMax = 64;

/** @returns the record of a line, or why it is none */
export function readRecord(text: string): Result<EvidenceRecord, string> {
  if (Buffer.byteLength(text) > recordBytes) return err("longer than a record is");
  const parsed = parseBoundedJson(text, depthMax);
  if (!parsed.ok) return parsed;
  const event = objectOf(parsed.value);
  const facts = objectOf(objectOf(event.unmapped).lanyard);
  const line = auditLineOf(rowOf(event, facts));
  if (line === undefined || typeof facts.operation !== "string") return err("no record of ours");
  const hash = createHash("sha256").update(text).digest("base64url");
  return ok({ eventId: line.uid, text, hash, line, facts });
}

type Facts = EvidenceRecord["facts"];

const objectOf = (value: unknown): Facts =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Facts) : {};

/** The texts of a list; none where it is no list. */
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

/** The row of `lanyard_audit` that both engines make of the same line; a test holds them together. */
const rowOf = (event: Facts, facts: Facts) => ({
  ...facts,
  uid: objectOf(event.metadata).uid,
  time_ms: typeof event.time === "number" ? event.time : undefined,
  denial: objectOf(facts.denial).code,
  scopes: (Array.isArray(facts.grants) ? facts.grants : [])
    .flatMap((grant) => textsOf(objectOf(grant).scopes))
    .join(" "),
  aws_request_ids: textsOf(facts.aws_request_ids).join(" "),
  aws_resources: textsOf(facts.aws_resources)
    .map((place) => place.replaceAll(" ", "%20"))
    .join(" "),
  function_role_arn: facts.operation === "deployment.seen" ? (objectOf(facts.evidence).roleArn as unknown) : undefined,
});

/** The version of the registry that a record was decided by. */
export const versionOf = ({ facts }: EvidenceRecord): number | undefined =>
  Number.isSafeInteger(facts.registry_version) && (facts.registry_version as number) >= 1
    ? (facts.registry_version as number)
    : undefined;
