import { sha256 } from "../text/digest.ts";
import { parseBoundedJson } from "../text/json.ts";
import type { Finding } from "./findings.ts";
import type { Known, ObjectVersion, Trail } from "./trail.ts";

/** One line of an object, and the id of the record that it says it is. */
interface Line {
  readonly number: number;
  readonly eventId: string | undefined;
  readonly hash: string;
}

/** Lines that are compared at the same time. */
const atOnce = 50;
/** Deeper than any record of ours. */
const depthMax = 64;

/**
 * Compares every line of an object with the records: whoever can put objects or events would otherwise put records that
 * nobody made, or others in their place (threat 23).
 * @param lines without their newlines
 * @returns what was found; empty when every line is the record of its id
 */
export async function compareLines(
  object: ObjectVersion,
  lines: AsyncIterable<string>,
  trail: Trail,
): Promise<readonly Finding[]> {
  const unknown: string[] = [];
  const changed: string[] = [];
  const compare = async (some: readonly Line[]) => {
    const known = await trail.known([...new Set(some.flatMap(({ eventId }) => eventId ?? []))]);
    const verdicts = some.map((line) => ({ line, verdict: judge(line, known.get(line.eventId ?? "")) }));
    for (const { line, verdict } of verdicts) {
      const subject = `${line.eventId ?? "?"} in ${object.key} line ${line.number}`;
      if (verdict === "unknown") unknown.push(subject);
      if (verdict === "changed") changed.push(subject);
    }
    const good = verdicts.flatMap(({ line: { eventId, hash }, verdict }) =>
      verdict === "good" && eventId !== undefined ? [{ eventId, hash }] : [],
    );
    await Promise.all(good.map((record) => trail.seen(record, object)));
  };
  let number = 0;
  let some: Line[] = [];
  for await (const text of lines) {
    some.push({ number: ++number, eventId: idOf(text), hash: await sha256(text) });
    if (some.length < atOnce) continue;
    await compare(some);
    some = [];
  }
  if (some.length > 0) await compare(some);
  const found: readonly Finding[] = [
    { kind: "record.unknown", subjects: unknown },
    { kind: "record.changed", subjects: changed },
  ];
  return found.filter(({ subjects }) => subjects.length > 0);
}

function judge({ eventId, hash }: Line, { recorded, noted }: Known = {}): "good" | "unknown" | "changed" {
  const right = recorded ?? noted;
  if (eventId === undefined || right === undefined) return "unknown";
  return right === hash ? "good" : "changed";
}

/** The id of the record that a line is, as every reader finds it. */
function idOf(line: string): string | undefined {
  const read = parseBoundedJson(line, depthMax);
  const { metadata } = ((read.ok && read.value) || {}) as { metadata?: { uid?: unknown } };
  const uid = metadata?.uid;
  return typeof uid === "string" && /^[A-Za-z0-9_#-]{1,64}$/.test(uid) ? uid : undefined;
}
