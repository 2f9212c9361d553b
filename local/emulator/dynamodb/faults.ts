import type { Level, Snapshot } from "dynalite/db/index.js";
import { EngineStopped, Refusal } from "./refusal.ts";

/** Switches for tests: what real DynamoDB does under load and this engine never does by itself. All off at the start. */
export interface Faults {
  /** The next `count` calls of an operation (such as `Query`) are refused by ProvisionedThroughputExceededException. */
  throttle(operation: string, count: number): void;
  /** The next `count` calls of an operation fail with InternalServerError, status 500, before anything is written. */
  fail(operation: string, count: number): void;
  /** The next `count` writes or transactions meet another one: TransactionConflict. */
  conflict(count: number): void;
  /** The next `count` BatchGetItem calls return every key in UnprocessedKeys. */
  unprocessed(count: number): void;
  /** While on, indexes answer with what they held when it was switched on. */
  staleIndexes(on: boolean): Promise<void>;
  /** Plays a crash right before or right after the next commit: nothing is answered, then or later. */
  stopAtCommit(when: "before" | "after"): void;
}

/** The engine's side of the switches. */
export interface FaultPoints {
  /** @throws the refusal that was ordered for this operation, or EngineStopped */
  onCall(operation: string): void;
  takeConflict(): boolean;
  takeUnprocessed(): boolean;
  indexSnapshot(): Snapshot | undefined;
  atCommit(when: "before" | "after"): void;
  close(): Promise<void>;
}

/** Makes the switches and what the engine asks of them. */
export function createFaults(level: Level): { faults: Faults; points: FaultPoints } {
  const throttled = new Map<string, number>();
  const failing = new Map<string, number>();
  const left = { conflict: 0, unprocessed: 0 };
  let snapshot: Snapshot | undefined;
  let stopWhen: "before" | "after" | undefined;
  let stopped = false;

  async function staleIndexes(on: boolean): Promise<void> {
    const old = snapshot;
    snapshot = on ? level.snapshot() : undefined;
    await old?.close();
  }
  function take(counts: Map<string, number>, operation: string): boolean {
    const count = counts.get(operation) ?? 0;
    counts.set(operation, Math.max(0, count - 1));
    return count > 0;
  }
  function takeOne(name: "conflict" | "unprocessed"): boolean {
    if (left[name] <= 0) return false;
    left[name] -= 1;
    return true;
  }
  return {
    faults: {
      throttle: (operation, count) => void throttled.set(operation, count),
      fail: (operation, count) => void failing.set(operation, count),
      conflict: (count) => {
        left.conflict = count;
      },
      unprocessed: (count) => {
        left.unprocessed = count;
      },
      staleIndexes,
      stopAtCommit: (when) => {
        stopWhen = when;
      },
    },
    points: {
      onCall: (operation) => {
        if (stopped) throw new EngineStopped();
        if (take(failing, operation)) throw new Refusal(500, "InternalServerError", "a fault was ordered by a test");
        if (!take(throttled, operation)) return;
        throw new Refusal(400, "ProvisionedThroughputExceededException", "throttled: a fault was ordered by a test");
      },
      takeConflict: () => takeOne("conflict"),
      takeUnprocessed: () => takeOne("unprocessed"),
      indexSnapshot: () => snapshot,
      atCommit: (when) => {
        if (stopped || stopWhen === when) {
          stopped = true;
          throw new EngineStopped();
        }
      },
      close: () => staleIndexes(false),
    },
  };
}
