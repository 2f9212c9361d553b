import type { Clock } from "../model/ports.ts";
import { type Finding, type Findings, subjectsMax } from "../sealing/findings.ts";
import type { Head, HeadStore } from "../sealing/head.ts";

/** Where the walk over the Outbox goes on; what it is, its store knows. */
type Place = Readonly<Record<string, unknown>>;

/** What a run remembers for the next one, and for the sealer. */
export interface Reconciled {
  readonly atMillis: number;
  /** Undefined at the beginning of a walk. */
  readonly from?: Place;
}

/** Lists of what is not there yet. */
export interface Gaps {
  /** Records of the index that wait since before a moment, and, read again, have no place in the log. */
  unplaced(beforeMillis: number, most: number): Promise<readonly string[]>;
  /** Likewise those that stand in no object. */
  unseen(beforeMillis: number, most: number): Promise<readonly string[]>;
  /**
   * Walks on over the Outbox, as far as one run may: records written before a moment that the relay never noted.
   * @returns them, and where the next run goes on; nowhere at the end of the table
   */
  unnoted(from: Place | undefined, beforeMillis: number): Promise<{ eventIds: readonly string[]; next?: Place }>;
}

/** What the reconciler needs. */
export interface ReconcilerDeps {
  readonly clock: Clock;
  readonly gaps: Gaps;
  readonly head: Pick<HeadStore, "read">;
  readonly findings: Findings;
  /** How long the delivery may hold a record back before it writes an object. */
  readonly deliverySeconds: number;
  readonly memory: {
    recall(): Promise<Reconciled | undefined>;
    remember(reconciled: Reconciled): Promise<void>;
  };
}

/** A record is in the log within a minute or two, a checkpoint likewise. */
const lateMillis = 10 * 60_000;
/** The sealer writes an entry an hour at least. */
const silentMillis = 60 * 60_000 + lateMillis;

/**
 * Looks every five minutes for what should be in the trail and is not:
 *
 * 1. **recall** where the last run's walk over the Outbox ended
 * 2. **list** from the index the records without a place in the log, and those without an object, that wait for too long
 * 3. **walk** on over the Outbox, a few thousand records a run: those that the relay never noted stand in no index
 * 4. **look** at the head: its checkpoint must be published, and the log must have grown within the hour
 * 5. **tell** of what is found, of each thing once
 * 6. **remember** where the walk ended, and when this run did: the sealer fails when that is long ago
 */
export function createReconciler(deps: ReconcilerDeps): () => Promise<readonly Finding[]> {
  const { clock, gaps } = deps;
  return async () => {
    const now = clock.nowMillis();
    // 1. recall
    const { from } = (await deps.memory.recall()) ?? {};
    // 2. list
    const late = now - lateMillis;
    const unplaced = await gaps.unplaced(late, subjectsMax);
    const unseen = await gaps.unseen(late - deps.deliverySeconds * 1_000, subjectsMax);
    // 3. walk
    const { eventIds: unnoted, next } = await gaps.unnoted(from, late);
    // 4. look
    const head = await deps.head.read();
    // 5. tell
    const missing = [...new Set([...unnoted, ...unplaced])];
    const found = [
      ...(missing.length > 0 ? [{ kind: "leaf.missing", subjects: missing } as const] : []),
      ...(unseen.length > 0 ? [{ kind: "object.missing", subjects: unseen } as const] : []),
      ...(head && isLate(head, now)
        ? [{ kind: "checkpoint.late", subjects: [`after ${head.published}`] } as const]
        : []),
    ];
    for (const finding of found) await deps.findings.tell(finding);
    // 6. remember
    await deps.memory.remember({ atMillis: now, ...(next && { from: next }) });
    return found;
  };
}

function isLate({ batch, published, size, begunAtMillis }: Head, nowMillis: number): boolean {
  const isUnfinished = batch !== undefined || published !== size;
  return nowMillis - begunAtMillis > (isUnfinished ? lateMillis : silentMillis);
}
