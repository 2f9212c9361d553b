import { limits } from "../model/limits.ts";
import type { Clock, Ids } from "../model/ports.ts";
import { toRecord } from "./ocsf.ts";
import type { AuditFacts, Outbox } from "./record.ts";

/** Aggregates refusals that a caller can cause at will: by whom (where that is proved), reason and minute. */
export interface RefusalAggregate {
  /** Counts one refusal; the first of its kind and minute is recorded at once, the rest as one count afterwards. */
  add(facts: AuditFacts): Promise<void>;
  /**
   * Whether a refusal of an authenticated caller still gets a record of its own: `limits.refusalRecordsPerMinute` of one
   * caller and instance do. Never where the caller is over its rate, nor for a stolen token, whose thief decides how often.
   */
  standsAlone(facts: AuditFacts): boolean;
}

/** What aggregating needs. */
interface RefusalAggregateDeps {
  readonly outbox: Outbox;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Most kinds one instance counts apart; beyond it everything shares one count. */
const kinds = 1_024;
/** Most callers whose own records one instance counts; beyond it every refusal is aggregated. */
const callers = 4_096;

interface Bucket {
  readonly minute: number;
  readonly example: AuditFacts;
  /** Refusals not yet in any record. */
  unwritten: number;
}

/**
 * A flood of garbage, or of an agent's own refused requests, costs at most two writes a minute, a kind and an instance, and
 * a failing outbox never turns a refusal into anything else (threats 13, 34). Nothing is lost by a failed write: its count is carried on.
 * A frozen instance keeps its last counts until its next refusal, or for ever: that is why the first of a kind and minute
 * is written at once, and no attack goes unseen. `flush` is for those that know they stop.
 * @returns the aggregate; the counts of all records of a kind add up to the refusals that happened
 */
export function createRefusalAggregate(deps: RefusalAggregateDeps): RefusalAggregate & { flush(): Promise<void> } {
  const buckets = new Map<string, Bucket>();
  let alone = { minute: Number.NaN, counts: new Map<string, number>() };

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
      const kind = `${minute} ${kindOf(facts)}`;
      const key = buckets.has(kind) || buckets.size < kinds ? kind : "other";
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
    standsAlone(facts) {
      if (facts.owner !== undefined || facts.denial?.code === "rate_exceeded") return false;
      const minute = Math.floor(deps.clock.nowMillis() / 60_000);
      if (alone.minute !== minute) alone = { minute, counts: new Map() };
      const caller = facts.operator?.uniqueId ?? facts.agent ?? "";
      const count = (alone.counts.get(caller) ?? 0) + 1;
      if (count === 1 && alone.counts.size >= callers) return false;
      alone.counts.set(caller, count);
      return count <= limits.refusalRecordsPerMinute;
    },
    flush: () => flushBefore(Number.POSITIVE_INFINITY),
  };
}

/**
 * What is counted together: operation and reason; whose agent, session and stolen token it is, but only where that was
 * proved, or whoever makes up names would have a record for each (threat 34).
 */
function kindOf({ operation, denial, assurance, agent, session, owner }: AuditFacts): string {
  const proven = assurance === undefined ? undefined : agent;
  return JSON.stringify([operation, denial?.code, proven, session?.sid, owner]);
}
