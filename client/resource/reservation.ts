import type { LanyardAgent, Settled } from "../agent/agent.ts";
import type { Cost } from "./cost.ts";

/** What was reserved for one call in every budget that bounds money there. */
export interface Reservation {
  /** Its id, for whoever settles it in another process ({@link LanyardAgent.settle}). It is no secret. */
  readonly report: string;
  /** What was reserved. */
  readonly atMost: Cost;
  /**
   * Says what the call did cost, so that the rest goes back. Once: the same sum may be said again, as after a failure.
   * @returns what was settled, with what of it went beyond the reservation, if anything did
   * @throws LanyardError where it failed, or another sum was settled before. Until it is said again, within a day of the
   * budget's window, what was reserved stays spent
   */
  settle(cost: Cost): Promise<Settled>;
}

/** A reservation that the given agent settles. */
export const reservationOf = (
  { report, atMost }: Pick<Reservation, "report" | "atMost">,
  agent: Partial<Pick<LanyardAgent, "settle">>,
): Reservation => ({
  report,
  atMost,
  async settle(cost) {
    if (!agent.settle) throw new TypeError("to settle, pass the whole agent this server is registered as");
    return agent.settle(report, cost);
  },
});

/**
 * Gives all of it back, for a request that is refused after it was reserved for. Where that fails it stays spent, and the
 * refusal is answered all the same.
 */
export async function release(reserved: Reservation | undefined): Promise<void> {
  await reserved?.settle({ amountMinor: 0, currency: reserved.atMost.currency }).catch(() => undefined);
}
