import { limits } from "../model/limits.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { AuditFacts, Outbox, Recorder } from "./record.ts";

/** Aggregates refusals that a caller can cause at will: by caller (where it proved who it is), reason and minute. */
export interface RefusalAggregate {
  /** Counts one refusal. The first of its kind in a minute is recorded at once, the others afterwards as one count. */
  add(facts: AuditFacts): Promise<void>;
  /**
   * Whether a refusal of an authenticated caller still gets a record of its own: one instance records
   * `limits.refusalRecordsPerMinute` of each caller. Never where the caller is over its rate, and never for a stolen
   * token, since the thief decides how often it is shown.
   */
  standsAlone(facts: AuditFacts): boolean;
}

/** What aggregation needs. */
interface RefusalAggregateDeps {
  readonly outbox: Outbox;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly clock: Clock;
}

/** Most kinds that one instance counts apart. Kinds beyond it share one count. */
const kinds = 1_024;
/** Most callers whose own records one instance counts; beyond it every refusal is aggregated. */
const callers = 4_096;

interface Bucket {
  readonly minute: number;
  readonly example: AuditFacts;
  /** Refusals that no record contains yet. */
  unwritten: number;
  /** A write is under way, which may fail yet: the bucket is neither done nor to be written twice. */
  isBeingWritten: boolean;
}

/**
 * A flood of garbage, or of an agent's own refused requests, costs at most two writes for each kind, minute and
 * instance; and a failing outbox never changes the answer to a refusal (threats 13, 34). A failed write loses nothing,
 * since its count is kept for the next one. A frozen instance keeps its last counts until its next refusal, perhaps for
 * ever. For that reason the first refusal of a kind and minute is written at once: every attack leaves a record.
 * `flush` is for instances that know they are stopping.
 * @returns the aggregate; the counts of all records of a kind add up to the refusals that happened
 */
export function createRefusalAggregate(deps: RefusalAggregateDeps): RefusalAggregate & { flush(): Promise<void> } {
  const buckets = new Map<string, Bucket>();
  let alone = { minute: Number.NaN, counts: new Map<string, number>() };

  const write = async (bucket: Bucket): Promise<boolean> => {
    const count = bucket.unwritten;
    bucket.unwritten = 0; // before the await, so that a concurrent refusal does not write the same ones
    bucket.isBeingWritten = true;
    try {
      await deps.outbox.put(deps.toRecord({ ...bucket.example, count }, `denied#${deps.ids.id()}`));
      return true;
    } catch {
      bucket.unwritten += count;
      return false;
    } finally {
      bucket.isBeingWritten = false;
    }
  };

  /**
   * Writes the rest of every bucket whose minute is over, up to the first write that fails: with the outbox down, a
   * refusal must not cost a call for each kind that waits. That bucket is tried last from then on, so that it keeps
   * none of the others back where the fault is its own.
   */
  const flushBefore = async (minute: number): Promise<void> => {
    for (const [key, bucket] of [...buckets]) {
      if (bucket.minute >= minute || bucket.isBeingWritten) continue;
      const isWritten = bucket.unwritten === 0 || (await write(bucket));
      if (buckets.get(key) !== bucket) continue;
      if (isWritten && bucket.unwritten > 0) continue;
      buckets.delete(key);
      if (isWritten) continue;
      buckets.set(key, bucket);
      return;
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
      const bucket = { minute, example: key === kind ? facts : unmarked(facts), unwritten: 1, isBeingWritten: false };
      buckets.set(key, bucket);
      if (!(await write(bucket))) return;
      // only with a new bucket, so that a flood of refusals does not retry a failing outbox each time
      await flushBefore(minute);
    },
    standsAlone(facts) {
      if (facts.owner !== undefined || facts.denial?.code === "rate_exceeded") return false;
      const minute = Math.floor(deps.clock.nowMillis() / 60_000);
      if (alone.minute !== minute) alone = { minute, counts: new Map() };
      const caller = facts.operator?.uniqueId ?? facts.agent ?? facts.signal?.issuer ?? "";
      const count = (alone.counts.get(caller) ?? 0) + 1;
      if (count === 1 && alone.counts.size >= callers) return false;
      alone.counts.set(caller, count);
      return count <= limits.refusalRecordsPerMinute;
    },
    flush: () => flushBefore(Number.POSITIVE_INFINITY),
  };
}

/** A bucket of several kinds must not be left out of answers for its example's sake. */
const unmarked = ({ canary: _, ...facts }: AuditFacts): AuditFacts => facts;

/**
 * What is counted together: operation and reason; and agent, session and owner of a stolen token, but only where they
 * were proved. Otherwise somebody who makes up names would get a record for each of them (threat 34).
 */
function kindOf({ operation, denial, assurance, agent, session, owner }: AuditFacts): string {
  const proven = assurance === undefined ? undefined : agent;
  return JSON.stringify([operation, denial?.code, proven, session?.sid, owner]);
}
