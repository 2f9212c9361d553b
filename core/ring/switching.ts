/** Steps by which keys take turns: orders, switches, and what ends a key. */

import { keyTimes, signedLifeSeconds } from "../model/key-times.ts";
import { distrust } from "./distrust.ts";
import { isKnown } from "./keyring.ts";
import type { RingKey } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { eachAlg, inState, isDue, ofAlg, type Rule } from "./step.ts";

/** An operator's order, once. */
export const takeOrder: Rule = (ring, { order, nowSeconds, pace }) => {
  if (!order || order.id === ring.handledOrder) return undefined;
  if (order.kind === "emergency")
    return { write: () => distrust(ring, order, { nowSeconds, waitSeconds: pace.longestCacheSeconds }) };
  const active = inState(ring.keys, "active").filter((key) => order.kid === undefined || key.kid === order.kid);
  const switching = [...new Set([...ring.switching, ...active.map(({ alg }) => alg)])];
  return { write: () => ({ ring: { ...changed(ring), switching, handledOrder: order.id }, events: [] }) };
};

/** KMS is told too: whoever still works by an older ring must fail. */
export const disable: Rule = (ring, { nowSeconds }) => {
  const key = inState(ring.keys, "distrusted").find((one) => one.disabledAtSeconds === undefined);
  if (!key) return undefined;
  const write = () => ({ ring: changed(ring, { ...key, disabledAtSeconds: nowSeconds }), events: [] });
  return { effect: { do: "disable", key }, write };
};

/** The first key of an algorithm that a later version of the stack adds. */
export const fill = eachAlg((ring, alg, { nowSeconds, pace }) => {
  const keys = ofAlg(ring, alg);
  const ready = inState(keys, "published").find((key) => isKnown(key, nowSeconds, pace.longestCacheSeconds));
  if (!ready || inState(keys, "active").length > 0) return undefined;
  const next: RingKey = { ...ready, state: "active", activatedAtSeconds: nowSeconds };
  const events = [eventOf("key.activate", next, { reason: "no other key signs" })];
  return { write: () => ({ ring: changed(ring, next), events }) };
});

/**
 * Switches only when yet another key stays behind, known to verifiers and idle: an emergency a second later needs it. The
 * stack's own first key is that one itself once it has had its turn, since it is paid for as long as the stack names it:
 * it stands by for good, and signs again in an emergency alone.
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

/** A key that signed and will not, unless it must; what it signed counts on. */
const standingBy = ({ activatedAtSeconds: _, ...key }: RingKey): RingKey => ({ ...key, state: "published" });

/** Only when the longest-lived thing it may have signed is over, and whatever ran late with it. */
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
