import type { RotationPace } from "../model/key-times.ts";
import type { SigningAlgorithm } from "../model/ports.ts";
import type { Intent, Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";

/** What a step does outside the ring before it is written down; each may be done twice. */
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

/** By what a ring is evaluated. */
interface Moment {
  readonly nowSeconds: number;
  readonly pace: RotationPace;
  /** An operator's order; one that was taken up already is ignored. */
  readonly order?: RotationOrder;
  /** Ids of intents that this very run announced. */
  readonly mine: ReadonlySet<string>;
  /** Id for an intent, should one be announced. */
  readonly freshId: string;
  /** ARNs of the stack's own first keys: it names them for good, so that they are kept and never ended. */
  readonly kept: ReadonlySet<string>;
  /** Algorithms the ring must have keys of. */
  readonly algorithms: readonly SigningAlgorithm[];
}

/** Looks at a ring for one kind of step. */
export type Rule = (ring: Ring, at: Moment) => Step | undefined;

/** Keys of one algorithm. */
export const ofAlg = (ring: Ring, alg: SigningAlgorithm) => ring.keys.filter((key) => key.alg === alg);

/** Keys in one of these states. */
export const inState = (keys: readonly RingKey[], ...states: readonly RingKey["state"][]) =>
  keys.filter(({ state }) => states.includes(state));

/** First matching algorithm's step. */
export const eachAlg =
  (rule: (ring: Ring, alg: SigningAlgorithm, at: Moment) => Step | undefined): Rule =>
  (ring, at) =>
    at.algorithms.map((alg) => rule(ring, alg, at)).find((step) => step !== undefined);

/** Whether a key has signed long enough by then. */
export const isDue = (ring: Ring, active: RingKey, at: Pick<Moment, "nowSeconds" | "pace">): boolean =>
  ring.switching.includes(active.alg) || at.nowSeconds >= (active.activatedAtSeconds ?? 0) + at.pace.periodSeconds;
