import { evidenceBounds } from "../../../core/evidence/layout.ts";
import { type EvidenceRecord, readRecord } from "../../../core/evidence/record.ts";
import { limits } from "../../../core/model/limits.ts";
import type { TrailPorts } from "../../../core/tlog/trail/ports.ts";
import { Refused } from "../terminal/outcome.ts";

const hourMillis = 3_600_000;
/** A record lies in an object that arrives after it: within minutes, or, where delivery stood still, within a day. */
const deliveryMillis = 25 * hourMillis;
const lifeMillis = limits.sessionLifeMaxSeconds * 1_000;

type Wanted = (record: EvidenceRecord) => boolean;

/** Times between which records were decided. */
interface Window {
  readonly fromMillis: number;
  readonly toMillis: number;
}

/** Reads records from the audit's objects, window by window, several times over: none is held that is not wanted. */
export function gatherer(trail: TrailPorts, progress: (read: number) => void) {
  let lines = 0;
  async function* read({ fromMillis, toMillis }: Window, marks: readonly string[]): AsyncGenerator<EvidenceRecord> {
    for await (const { text } of trail.lines(fromMillis, toMillis + deliveryMillis)) {
      lines += 1;
      if (lines % 10_000 === 0) progress(lines);
      if (!marks.some((mark) => text.includes(mark))) continue;
      const record = readRecord(text);
      if (record.ok) yield record.value;
    }
  }
  /** Every record of a window that one of the marks stands in, and that is wanted; each once. */
  async function all(window: Window, marks: readonly string[], isWanted: Wanted): Promise<readonly EvidenceRecord[]> {
    const found = new Map<string, EvidenceRecord>();
    if (marks.length === 0) return [];
    for await (const record of read(window, marks)) {
      if (isWanted(record)) found.set(record.text, record);
      if (found.size > evidenceBounds.records)
        throw new Refused(
          `there are more than ${evidenceBounds.records} records about this tree: more than one archive holds`,
        );
    }
    return [...found.values()];
  }
  return { read, all };
}

type Gatherer = ReturnType<typeof gatherer>;

/** By what a line that may be wanted is told from the others before it is parsed. */
const operationMark = (operation: string): string => `"operation":"${operation}"`;
const orders = ["revoke", "lift"];

/**
 * Records of the tree that a session is in, with what may have ended it and how its agents proved themselves: more than
 * belong to it, never fewer.
 * @param sinceMillis how far back the session is looked for
 * @throws Refused where nothing names it
 */
export async function recordsAround(
  sid: string,
  { sinceMillis, nowMillis }: { readonly sinceMillis: number; readonly nowMillis: number },
  { read, all }: Gatherer,
): Promise<readonly EvidenceRecord[]> {
  const first = await firstOf(read({ fromMillis: sinceMillis, toMillis: nowMillis }, [`"${sid}"`]), sid);
  if (first === undefined)
    throw new Refused(
      `no record since ${new Date(sinceMillis).toISOString()} names session ${sid}: --since looks further back`,
      {
        code: "session.unknown",
      },
    );
  const root = first.line.root ?? sid;
  const at = first.line.timeMillis;
  const window = { fromMillis: at - lifeMillis - hourMillis, toMillis: at + lifeMillis };
  const marks = [`"${root}"`, ...orders.map(operationMark)];
  const tree = await all(
    window,
    marks,
    ({ line }) => (line.root ?? line.sid) === root || orders.includes(line.operation),
  );
  const keys = [...new Set(tree.flatMap(({ line }) => line.jkt ?? []))];
  const attested = await all(window, keys, ({ line }) => line.operation === "attest" && keys.includes(line.jkt ?? ""));
  return [...tree, ...attested];
}

async function firstOf(records: AsyncIterable<EvidenceRecord>, sid: string): Promise<EvidenceRecord | undefined> {
  for await (const record of records) if (record.line.sid === sid || record.line.root === sid) return record;
  return undefined;
}

/** Records that are known by operation and time, wherever that lies: of a version's making, of a look at a function. */
export async function recordsAt(
  wanted: readonly { readonly atMillis: number; readonly operation: string }[],
  { all }: Gatherer,
): Promise<readonly EvidenceRecord[]> {
  const found: EvidenceRecord[] = [];
  for (const { atMillis, operation } of wanted)
    found.push(
      ...(await all(
        { fromMillis: atMillis, toMillis: atMillis },
        [operationMark(operation)],
        ({ line }) => line.operation === operation && line.timeMillis === atMillis,
      )),
    );
  return found;
}
