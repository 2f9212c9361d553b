import { isKnown } from "./choose.ts";
import type { Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import type { RotationPace } from "./times.ts";

/**
 * An emergency: the named key, or every key that signs, counts for nothing from this write on, and a standby that
 * verifiers have already signs instead. Where there is none, nobody signs until one is known: a token by a key that
 * verifiers refuse would help no one, and the suspect must not sign on.
 * @returns the ring after it, and what became of which key
 */
export function distrust(
  ring: Ring,
  order: RotationOrder,
  nowSeconds: number,
  pace: RotationPace,
): { readonly ring: Ring; readonly events: readonly RingEvent[] } {
  const named = (key: RingKey) => (order.kid === undefined ? key.state === "active" : key.kid === order.kid);
  const suspects = ring.keys.filter((key) => named(key) && key.state !== "distrusted");
  const fallen = suspects.map((key): RingKey => ({ ...key, state: "distrusted", retiredAtSeconds: nowSeconds }));
  const isReady = (key: RingKey) => key.state === "published" && isKnown(key, nowSeconds, pace.longestCacheSeconds);
  const risen = suspects
    .filter(({ state }) => state === "active")
    .map(({ alg }) => ring.keys.find((key) => key.alg === alg && isReady(key)))
    .filter((key) => key !== undefined)
    .map((key): RingKey => ({ ...key, state: "active", activatedAtSeconds: nowSeconds }));
  const { reason, operator } = order;
  return {
    ring: { ...changed(ring, ...fallen, ...risen), handledOrder: order.id },
    events: [
      ...fallen.map((key) => eventOf("key.distrust", key, reason, operator)),
      ...risen.map((key) => eventOf("key.activate", key, reason, operator)),
    ],
  };
}
