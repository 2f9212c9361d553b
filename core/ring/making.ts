/**
 * Steps by which a ring gets keys: announce a key, create it, publish it, and find keys whose creator was interrupted.
 */

import { keyTimes } from "../model/key-times.ts";
import type { RingKey } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { eachAlg, inState, isDue, ofAlg, type Rule } from "./step.ts";

/** Creates the key for an intent that this run announced. */
export const create: Rule = (ring, { mine }) => {
  const intent = ring.intents.find(({ id }) => mine.has(id));
  if (!intent) return undefined;
  return {
    effect: { do: "create", intent },
    write(made) {
      if (!made) throw new Error("a key was to be made and none came");
      const intents = ring.intents.filter(({ id }) => id !== intent.id);
      const added = { ...changed(ring), intents, keys: [...ring.keys, made] };
      return { ring: added, events: [eventOf("key.create", made, { reason: "the ring needs a key" })] };
    },
  };
};

/**
 * Ends keys of another run's intent, but only when that run must be over: if two runs worked on one intent, a key would
 * be left over.
 */
export const sweep: Rule = (ring, { nowSeconds }) => {
  const intent = ring.intents.find(({ sinceSeconds }) => nowSeconds - sinceSeconds >= keyTimes.intentLifeSeconds);
  if (!intent) return undefined;
  const intents = ring.intents.filter(({ id }) => id !== intent.id);
  return { effect: { do: "sweep", intent }, write: () => ({ ring: { ...changed(ring), intents }, events: [] }) };
};

/** Publishes a key once all of KMS must know it. */
export const publish: Rule = (ring, { nowSeconds }) => {
  const settled = (key: RingKey) => nowSeconds - key.createdAtSeconds >= keyTimes.settleSeconds;
  const key = inState(ring.keys, "created").find(settled);
  if (!key) return undefined;
  // KMS says when it created the key. A clock of ours that is behind must not date its publication before that
  const publishedAtSeconds = Math.max(nowSeconds, key.createdAtSeconds);
  const next: RingKey = { ...key, state: "published", publishedAtSeconds };
  const events = [eventOf("key.publish", next, { reason: "its public half is known to KMS everywhere" })];
  return { effect: { do: "vet", key }, write: () => ({ ring: changed(ring, next), events }) };
};

/**
 * Keeps one idle key at all times, and announces a second one in time for a switch, or where no key signs. The stack's
 * own key needs none to stand by for it, since it stays idle itself when another key signs.
 */
export const announce = eachAlg((ring, alg, at) => {
  const keys = ofAlg(ring, alg);
  const [active] = inState(keys, "active");
  const aheadSeconds = at.pace.publishWaitSeconds + keyTimes.settleSeconds + keyTimes.intentLifeSeconds;
  const isOne =
    active && (at.kept.has(active.keyArn) || !isDue(ring, active, { ...at, nowSeconds: at.nowSeconds + aheadSeconds }));
  const wanted = isOne ? 1 : 2;
  const coming = ring.intents.filter((intent) => intent.alg === alg).length;
  if (inState(keys, "created", "published").length + coming >= wanted) return undefined;
  if (keys.length + coming >= keyTimes.keysPerAlgorithm) return undefined;
  const intent = { id: at.freshId, alg, sinceSeconds: at.nowSeconds };
  return { write: () => ({ ring: { ...changed(ring), intents: [...ring.intents, intent] }, events: [] }) };
});
