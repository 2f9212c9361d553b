import { type Clock, nowSeconds, type RateLimiter } from "../../../core/model/ports.ts";

/** The bucket of every agent in memory, as the real one counts: refused takings count too. */
export class MemoryLimiter implements RateLimiter {
  /** Agents in the order they were counted. */
  readonly taken: string[] = [];
  /** Set to have every taking answered so, and none counted. */
  allowed: boolean | undefined;
  private readonly counts = new Map<string, number>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  async take(agentId: string, perSecond: number, what = "issue"): Promise<boolean> {
    if (this.allowed !== undefined) return this.allowed;
    const key = `${what} ${agentId} ${nowSeconds(this.clock)}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    this.taken.push(agentId);
    return count <= perSecond;
  }
}
