/** Steps by which a ring gets keys: announce one, make it, publish it; and find those whose maker died. */

import { keyTimes } from "../model/key-times.ts";
import type { RingKey } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { eachAlg, inState, isDue, ofAlg, type Rule } from "./step.ts";

/** A key for an intent of this very run. */
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

/** Of another run's intent only once that run must be over: two makers of one intent would leave a key over. */
export const sweep: Rule = (ring, { nowSeconds }) => {
  const intent = ring.intents.find(({ sinceSeconds }) => nowSeconds - sinceSeconds >= keyTimes.intentLifeSeconds);
  if (!intent) return undefined;
  const intents = ring.intents.filter(({ id }) => id !== intent.id);
  return { effect: { do: "sweep", intent }, write: () => ({ ring: { ...changed(ring), intents }, events: [] }) };
};

/** A key that KMS knows everywhere by now. */
export const publish: Rule = (ring, { nowSeconds }) => {
  const settled = (key: RingKey) => nowSeconds - key.createdAtSeconds >= keyTimes.settleSeconds;
  const key = inState(ring.keys, "created").find(settled);
  if (!key) return undefined;
  // KMS says when it made the key: a clock of ours that is behind cannot date its publication before that
  const publishedAtSeconds = Math.max(nowSeconds, key.createdAtSeconds);
  const next: RingKey = { ...key, state: "published", publishedAtSeconds };
  const events = [eventOf("key.publish", next, { reason: "its public half is known to KMS everywhere" })];
  return { effect: { do: "vet", key }, write: () => ({ ring: changed(ring, next), events }) };
};

/**
 * One idle key always; a second one in time for the switch, or where none signs. The stack's own key needs none: it stays
 * idle itself when another signs.
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
