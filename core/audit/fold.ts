import type { Clock, Ids } from "../ports.ts";
import type { Outbox } from "../session/store.ts";
import { toRecord } from "./ocsf.ts";
import type { AuditFacts } from "./record.ts";

/** Folds refusals of unauthenticated calls per reason and minute. */
export interface RefusalFold {
  /** Counts one refusal; the first of its reason and minute is recorded at once, the rest as one count afterwards. */
  add(facts: AuditFacts): Promise<void>;
}

/** What folding needs. */
export interface RefusalFoldDeps {
  readonly outbox: Outbox;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Most reasons one instance counts apart; beyond it everything shares one count. Codes are finite, this is the belt. */
const reasons = 256;

interface Bucket {
  readonly minute: number;
  readonly example: AuditFacts;
  /** Refusals not yet in any record. */
  unwritten: number;
}

/**
 * A flood of unauthenticated garbage costs at most two writes a minute, a reason and an instance, and a failing outbox
 * never turns a refusal into anything else (threat 13). Nothing is lost by a failed write: its count is carried on.
 * A frozen instance keeps its last counts until its next refusal; `flush` is for those that know they stop.
 * @returns the fold; the counts of all records of a reason add up to the refusals that happened
 */
export function createRefusalFold(deps: RefusalFoldDeps): RefusalFold & { flush(): Promise<void> } {
  const buckets = new Map<string, Bucket>();

  const write = async (bucket: Bucket): Promise<void> => {
    const count = bucket.unwritten;
    bucket.unwritten = 0; // before the await: a second refusal meanwhile must not write the same ones
    try {
      await deps.outbox.put(toRecord({ ...bucket.example, count }, `denied#${deps.ids.id()}`));
    } catch {
      bucket.unwritten += count;
    }
  };

  /** Writes the rest of every bucket that ended before `minute`; one whose write fails stays to be tried again. */
  const flushBefore = async (minute: number): Promise<void> => {
    for (const [key, bucket] of buckets) {
      if (bucket.minute >= minute) continue;
      if (bucket.unwritten > 0) await write(bucket);
      if (bucket.unwritten === 0 && buckets.get(key) === bucket) buckets.delete(key);
    }
  };

  return {
    async add(facts) {
      const minute = Math.floor(deps.clock.nowMillis() / 60_000);
      const reason = `${minute} ${facts.operation} ${facts.denial?.code ?? "none"}`;
      const key = buckets.has(reason) || buckets.size < reasons ? reason : "other";
      const held = buckets.get(key);
      if (held) {
        held.unwritten += 1;
        return;
      }
      const bucket = { minute, example: facts, unwritten: 1 };
      buckets.set(key, bucket);
      await write(bucket);
      // only with a new bucket: a refusal must not retry a failing outbox once for every refusal
      await flushBefore(minute);
    },
    flush: () => flushBefore(Number.POSITIVE_INFINITY),
  };
}
