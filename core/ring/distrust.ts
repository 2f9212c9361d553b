import type { Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { type SuccessionTime, successorOf, suspectsOf, withoutSuccessor } from "./successor.ts";

/**
 * An emergency: the named key, or every key that signs, counts for nothing from this write on, and a standby that
 * verifiers have already signs instead, in the same write. Where there is none the order is refused: `admin-rotate` said
 * so already, but the standby of a moment ago may be gone.
 * @returns the ring after it, and what became of which key
 */
export function distrust(
  ring: Ring,
  order: RotationOrder,
  at: SuccessionTime,
): { readonly ring: Ring; readonly events: readonly RingEvent[] } {
  const { nowSeconds } = at;
  const lacking = withoutSuccessor(ring, order, at);
  if (lacking.length > 0) {
    const events = lacking.map((key) => ({ ...eventOf("key.distrust", key, order), refused: true }));
    return { ring: { ...changed(ring), handledOrder: order.id, refusedOrder: order.id }, events };
  }
  const suspects = suspectsOf(ring, order);
  const fallen = suspects.map((key): RingKey => ({ ...key, state: "distrusted", retiredAtSeconds: nowSeconds }));
  const risen = suspects
    .filter(({ state }) => state === "active")
    .map(({ alg }) => successorOf(ring, alg, at))
    .filter((key) => key !== undefined)
    .map((key): RingKey => ({ ...key, state: "active", activatedAtSeconds: nowSeconds }));
  const { refusedOrder: _, ...before } = changed(ring, ...fallen, ...risen);
  return {
    ring: { ...before, handledOrder: order.id },
    events: [
      ...fallen.map((key) => eventOf("key.distrust", key, order)),
      ...risen.map((key) => eventOf("key.activate", key, order)),
    ],
  };
}
