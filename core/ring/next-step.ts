import type { SigningAlgorithm } from "../ports.ts";
import { isKnown } from "./choose.ts";
import { distrust } from "./distrust.ts";
import type { Intent, Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";
import { changed, eventOf } from "./rows.ts";
import { keyTimes, type RotationPace, signedLifeSeconds } from "./times.ts";

/** What a step does outside the ring before it is written down; each may be done twice. */
export type Effect =
  | { readonly do: "create"; readonly intent: Intent }
  | { readonly do: "vet"; readonly key: RingKey }
  | { readonly do: "disable"; readonly key: RingKey }
  | { readonly do: "end"; readonly key: RingKey }
  | { readonly do: "sweep"; readonly intent: Intent };

/** One step of a ring: an effect, then one conditional write of the row with its audit events. */
export interface Step {
  readonly effect?: Effect;
  /** @param made the key that `create` made */
  write(made?: RingKey): { readonly ring: Ring; readonly events: readonly RingEvent[] };
}

/** By what a ring is judged. */
export interface Moment {
  readonly nowSeconds: number;
  readonly pace: RotationPace;
  /** An operator's order; one that was taken up already is ignored. */
  readonly order?: RotationOrder;
  /** Ids of intents that this very run announced. */
  readonly mine: ReadonlySet<string>;
  /** Id for an intent, should one be announced. */
  readonly freshId: string;
  /** Algorithms the ring must have keys of. */
  readonly algorithms: readonly SigningAlgorithm[];
}

type Rule = (ring: Ring, at: Moment) => Step | undefined;

/**
 * The next step of a ring, or undefined when there is nothing to do. Pure: who crashes after any effect or write and
 * comes again finds the same step or the next one. Danger first: what an emergency asks for waits for nothing.
 */
export const nextStep: Rule = (ring, at) => {
  for (const rule of rules) {
    const step = rule(ring, at);
    if (step) return step;
  }
  return undefined;
};

const ofAlg = (ring: Ring, alg: SigningAlgorithm) => ring.keys.filter((key) => key.alg === alg);
const inState = (keys: readonly RingKey[], ...states: readonly RingKey["state"][]) =>
  keys.filter(({ state }) => states.includes(state));

/** First matching algorithm's step. */
const eachAlg =
  (rule: (ring: Ring, alg: SigningAlgorithm, at: Moment) => Step | undefined): Rule =>
  (ring, at) =>
    at.algorithms.map((alg) => rule(ring, alg, at)).find((step) => step !== undefined);

const takeOrder: Rule = (ring, { order, nowSeconds, pace }) => {
  if (!order || order.id === ring.handledOrder) return undefined;
  if (order.kind === "emergency") return { write: () => distrust(ring, order, nowSeconds, pace) };
  const active = inState(ring.keys, "active").filter((key) => order.kid === undefined || key.kid === order.kid);
  const switching = [...new Set([...ring.switching, ...active.map(({ alg }) => alg)])];
  return { write: () => ({ ring: { ...changed(ring), switching, handledOrder: order.id }, events: [] }) };
};

const disable: Rule = (ring, { nowSeconds }) => {
  const key = inState(ring.keys, "distrusted").find((one) => one.disabledAtSeconds === undefined);
  if (!key) return undefined;
  const write = () => ({ ring: changed(ring, { ...key, disabledAtSeconds: nowSeconds }), events: [] });
  return { effect: { do: "disable", key }, write };
};

const create: Rule = (ring, { mine }) => {
  const intent = ring.intents.find(({ id }) => mine.has(id));
  if (!intent) return undefined;
  return {
    effect: { do: "create", intent },
    write(made) {
      if (!made) throw new Error("a key was to be made and none came");
      const intents = ring.intents.filter(({ id }) => id !== intent.id);
      const added = { ...changed(ring), intents, keys: [...ring.keys, made] };
      return { ring: added, events: [eventOf("key.create", made, "the ring needs a key")] };
    },
  };
};

/** Of another run's intent only once that run must be over: two makers of one intent would leave a key over. */
const sweep: Rule = (ring, { nowSeconds }) => {
  const intent = ring.intents.find(({ sinceSeconds }) => nowSeconds - sinceSeconds >= keyTimes.intentLifeSeconds);
  if (!intent) return undefined;
  const intents = ring.intents.filter(({ id }) => id !== intent.id);
  return { effect: { do: "sweep", intent }, write: () => ({ ring: { ...changed(ring), intents }, events: [] }) };
};

const publish: Rule = (ring, { nowSeconds }) => {
  const settled = (key: RingKey) => nowSeconds - key.createdAtSeconds >= keyTimes.settleSeconds;
  const key = inState(ring.keys, "created").find(settled);
  if (!key) return undefined;
  // KMS says when it made the key: a clock of ours that is behind cannot date its publication before that
  const publishedAtSeconds = Math.max(nowSeconds, key.createdAtSeconds);
  const next: RingKey = { ...key, state: "published", publishedAtSeconds };
  const events = [eventOf("key.publish", next, "its public half is known to KMS everywhere")];
  return { effect: { do: "vet", key }, write: () => ({ ring: changed(ring, next), events }) };
};

/** After an emergency that found no key verifiers already have. */
const fill = eachAlg((ring, alg, { nowSeconds, pace }) => {
  const keys = ofAlg(ring, alg);
  const ready = inState(keys, "published").find((key) => isKnown(key, nowSeconds, pace.longestCacheSeconds));
  if (!ready || inState(keys, "active").length > 0) return undefined;
  const next: RingKey = { ...ready, state: "active", activatedAtSeconds: nowSeconds };
  const events = [eventOf("key.activate", next, "no other key signs")];
  return { write: () => ({ ring: changed(ring, next), events }) };
});

const isDue = (ring: Ring, active: RingKey, at: Moment, aheadSeconds = 0): boolean =>
  ring.switching.includes(active.alg) ||
  at.nowSeconds + aheadSeconds >= (active.activatedAtSeconds ?? 0) + at.pace.periodSeconds;

/** Switches only when yet another key stays behind, known to verifiers and idle: an emergency a second later needs it. */
const rotate = eachAlg((ring, alg, at) => {
  const { nowSeconds, pace } = at;
  const keys = ofAlg(ring, alg);
  const [active] = inState(keys, "active");
  if (!active || !isDue(ring, active, at)) return undefined;
  const known = inState(keys, "published").filter((key) => isKnown(key, nowSeconds, pace.longestCacheSeconds));
  const next = known.find((key) => isKnown(key, nowSeconds, pace.publishWaitSeconds));
  if (!next || known.length < 2) return undefined;
  const reason = ring.switching.includes(alg) ? "an operator asked for it" : "its time to sign is over";
  const old: RingKey = { ...active, state: "retired", retiredAtSeconds: nowSeconds };
  const now: RingKey = { ...next, state: "active", activatedAtSeconds: nowSeconds };
  const switching = ring.switching.filter((one) => one !== alg);
  const events = [eventOf("key.retire", old, reason), eventOf("key.activate", now, reason)];
  return { write: () => ({ ring: { ...changed(ring, old, now), switching }, events }) };
});

/** One idle key always; a second one in time for the switch, or where none signs. */
const announce = eachAlg((ring, alg, at) => {
  const keys = ofAlg(ring, alg);
  const [active] = inState(keys, "active");
  const aheadSeconds = at.pace.publishWaitSeconds + keyTimes.settleSeconds + keyTimes.intentLifeSeconds;
  const wanted = active && !isDue(ring, active, at, aheadSeconds) ? 1 : 2;
  const coming = ring.intents.filter((intent) => intent.alg === alg).length;
  if (inState(keys, "created", "published").length + coming >= wanted) return undefined;
  if (keys.length + coming >= keyTimes.keysPerAlgorithm) return undefined;
  const intent = { id: at.freshId, alg, sinceSeconds: at.nowSeconds };
  return { write: () => ({ ring: { ...changed(ring), intents: [...ring.intents, intent] }, events: [] }) };
});

/** Only when the longest-lived thing it may have signed is over, and whatever ran late with it. */
const end: Rule = (ring, { nowSeconds }) => {
  const life = signedLifeSeconds[ring.purpose];
  if (life === undefined) return undefined;
  const rest = life + keyTimes.ringCacheSeconds + keyTimes.endMarginSeconds;
  const isOver = (key: RingKey) => key.retiredAtSeconds !== undefined && nowSeconds - key.retiredAtSeconds >= rest;
  const key = inState(ring.keys, "retired", "distrusted").find(isOver);
  if (!key) return undefined;
  const keys = ring.keys.filter(({ kid }) => kid !== key.kid);
  const events = [eventOf("key.delete", key, "nothing it signed can still be alive")];
  return { effect: { do: "end", key }, write: () => ({ ring: { ...changed(ring), keys }, events }) };
};

const rules: readonly Rule[] = [takeOrder, disable, sweep, create, publish, fill, rotate, announce, end];
