import type { RotationPace } from "../model/key-times.ts";
import type { SigningAlgorithm } from "../model/ports.ts";
import type { Intent, Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";

/** What a step does outside the ring, before the ring is written. Each effect may safely happen twice. */
export type Effect =
  | { readonly do: "create"; readonly intent: Intent }
  | { readonly do: "vet"; readonly key: RingKey }
  | { readonly do: "disable"; readonly key: RingKey }
  | { readonly do: "end"; readonly key: RingKey }
  | { readonly do: "sweep"; readonly intent: Intent };

/** One step of a ring: an effect, then one conditional write of the row with its audit events. */
interface Step {
  readonly effect?: Effect;
  /** @param made the key that `create` made */
  write(made?: RingKey): { readonly ring: Ring; readonly events: readonly RingEvent[] };
}

/** What a rule decides by. */
interface Moment {
  readonly nowSeconds: number;
  readonly pace: RotationPace;
  /** An operator's order; one that was handled already is ignored. */
  readonly order?: RotationOrder;
  /** Ids of intents that this run announced. */
  readonly mine: ReadonlySet<string>;
  /** Id for an intent, if one is announced. */
  readonly freshId: string;
  /** ARNs of the stack's own first keys. The stack always names them, so they are never ended. */
  readonly kept: ReadonlySet<string>;
  /** Algorithms the ring must have keys of. */
  readonly algorithms: readonly SigningAlgorithm[];
}

/** Decides whether a ring needs one kind of step. */
export type Rule = (ring: Ring, at: Moment) => Step | undefined;

/** Keys of one algorithm. */
export const ofAlg = (ring: Ring, alg: SigningAlgorithm) => ring.keys.filter((key) => key.alg === alg);

/** Keys in one of these states. */
export const inState = (keys: readonly RingKey[], ...states: readonly RingKey["state"][]) =>
  keys.filter(({ state }) => states.includes(state));

/** Finds the step of the first algorithm that needs one. */
export const eachAlg =
  (rule: (ring: Ring, alg: SigningAlgorithm, at: Moment) => Step | undefined): Rule =>
  (ring, at) =>
    at.algorithms.map((alg) => rule(ring, alg, at)).find((step) => step !== undefined);

/** Whether a key has signed long enough at that moment. */
export const isDue = (ring: Ring, active: RingKey, at: Pick<Moment, "nowSeconds" | "pace">): boolean =>
  ring.switching.includes(active.alg) || at.nowSeconds >= (active.activatedAtSeconds ?? 0) + at.pace.periodSeconds;
