/** Steps by which keys replace one another: orders, switches, and the end of a key. */

import { keyTimes, signedLifeSeconds } from "../model/key-times.ts";
import { distrust } from "./distrust.ts";
import { isKnown } from "./keyring.ts";
import type { RingKey } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { eachAlg, inState, isDue, ofAlg, type Rule } from "./step.ts";

/** Handles an operator's order, once. */
export const takeOrder: Rule = (ring, { order, nowSeconds, pace }) => {
  if (!order || order.id === ring.handledOrder) return undefined;
  if (order.kind === "emergency")
    return { write: () => distrust(ring, order, { nowSeconds, waitSeconds: pace.longestCacheSeconds }) };
  const active = inState(ring.keys, "active").filter((key) => order.kid === undefined || key.kid === order.kid);
  const switching = [...new Set([...ring.switching, ...active.map(({ alg }) => alg)])];
  return { write: () => ({ ring: { ...changed(ring), switching, handledOrder: order.id }, events: [] }) };
};

/** Disables the key in KMS too, so that a function that still uses an older ring fails. */
export const disable: Rule = (ring, { nowSeconds }) => {
  const key = inState(ring.keys, "distrusted").find((one) => one.disabledAtSeconds === undefined);
  if (!key) return undefined;
  const write = () => ({ ring: changed(ring, { ...key, disabledAtSeconds: nowSeconds }), events: [] });
  return { effect: { do: "disable", key }, write };
};

/** Lets the first key of an algorithm sign, when a later version of the stack adds that algorithm. */
export const fill = eachAlg((ring, alg, { nowSeconds, pace }) => {
  const keys = ofAlg(ring, alg);
  const ready = inState(keys, "published").find((key) => isKnown(key, nowSeconds, pace.longestCacheSeconds));
  if (!ready || inState(keys, "active").length > 0) return undefined;
  const next: RingKey = { ...ready, state: "active", activatedAtSeconds: nowSeconds };
  const events = [eventOf("key.activate", next, { reason: "no other key signs" })];
  return { write: () => ({ ring: changed(ring, next), events }) };
});

/**
 * Switches only when another known, idle key remains, since an emergency a second later would need it. The stack's own
 * first key becomes that one after its turn, since it is paid for as long as the stack names it. From then on it stands
 * by, and signs again only in an emergency.
 */
export const rotate = eachAlg((ring, alg, at) => {
  const { nowSeconds, pace } = at;
  const keys = ofAlg(ring, alg);
  const [active] = inState(keys, "active");
  if (!active || !isDue(ring, active, at)) return undefined;
  const known = inState(keys, "published").filter((key) => isKnown(key, nowSeconds, pace.longestCacheSeconds));
  const stays = at.kept.has(active.keyArn);
  const next = known.find((key) => !at.kept.has(key.keyArn) && isKnown(key, nowSeconds, pace.publishWaitSeconds));
  if (!next || known.length < (stays ? 1 : 2)) return undefined;
  const reason = ring.switching.includes(alg) ? "an operator asked for it" : "its time to sign is over";
  const old = stays ? standingBy(active) : { ...active, state: "retired" as const, retiredAtSeconds: nowSeconds };
  const now: RingKey = { ...next, state: "active", activatedAtSeconds: nowSeconds };
  const switching = ring.switching.filter((one) => one !== alg);
  const events = [eventOf("key.retire", old, { reason }), eventOf("key.activate", now, { reason })];
  return { write: () => ({ ring: { ...changed(ring, old, now), switching }, events }) };
});

/** A key that has signed and will sign again only in an emergency. Its signatures still count. */
const standingBy = ({ activatedAtSeconds: _, ...key }: RingKey): RingKey => ({ ...key, state: "published" });

/** Ends a key when the longest-lived thing it may have signed is over, plus a margin for delays. */
export const end: Rule = (ring, { nowSeconds }) => {
  const life = signedLifeSeconds[ring.purpose];
  if (life === undefined) return undefined;
  const rest = life + keyTimes.ringCacheSeconds + keyTimes.endMarginSeconds;
  const isOver = (key: RingKey) => key.retiredAtSeconds !== undefined && nowSeconds - key.retiredAtSeconds >= rest;
  const key = inState(ring.keys, "retired", "distrusted").find(isOver);
  if (!key) return undefined;
  const keys = ring.keys.filter(({ kid }) => kid !== key.kid);
  const events = [eventOf("key.delete", key, { reason: "nothing it signed can still be alive" })];
  return { effect: { do: "end", key }, write: () => ({ ring: { ...changed(ring), keys }, events }) };
};
