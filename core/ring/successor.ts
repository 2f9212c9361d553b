import type { SigningAlgorithm } from "../model/ports.ts";
import { isKnown } from "./keyring.ts";
import type { Ring, RingKey, RotationOrder } from "./model.ts";

/** When the next key must sign, and how long it takes until every verifier knows it. */
export interface SuccessionTime {
  readonly nowSeconds: number;
  readonly waitSeconds: number;
}

/** The key that can sign at once in place of another of its algorithm: idle, and known to every verifier. */
export const successorOf = (
  ring: Ring,
  alg: SigningAlgorithm,
  { nowSeconds, waitSeconds }: SuccessionTime,
): RingKey | undefined =>
  ring.keys.find((key) => key.state === "published" && key.alg === alg && isKnown(key, nowSeconds, waitSeconds));

/** The keys that an order is about: the named one, or all that sign. */
export const suspectsOf = (ring: Ring, { kid }: Pick<RotationOrder, "kid">): readonly RingKey[] =>
  ring.keys.filter((key) =>
    kid === undefined ? key.state === "active" : key.kid === kid && key.state !== "distrusted",
  );

/**
 * Keys that an order would stop from signing while no other key could sign in their place. Such an order is refused as
 * a whole, before anything is disabled. Otherwise it would stop the deployment, for ever where its rotator cannot
 * create keys.
 */
export const withoutSuccessor = (
  ring: Ring,
  order: Pick<RotationOrder, "kid">,
  at: SuccessionTime,
): readonly RingKey[] =>
  suspectsOf(ring, order).filter(({ state, alg }) => state === "active" && !successorOf(ring, alg, at));
