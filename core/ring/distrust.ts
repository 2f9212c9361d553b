import type { Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { type SuccessionTime, successorOf, suspectsOf, withoutSuccessor } from "./successor.ts";

/**
 * Handles an emergency: from this write on, no signature of the named key, or of any key that signs, counts. In the
 * same write a standby that verifiers already know begins to sign. Without a standby the order is refused:
 * `admin-rotate` checks that too, but the standby may be gone since.
 * @returns the ring afterwards, and what happened to which key
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
