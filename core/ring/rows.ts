import type { Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";

/** The ring's next version, in which these keys replace those of the same `kid`. */
export const changed = (ring: Ring, ...keys: readonly RingKey[]): Ring => ({
  ...ring,
  version: ring.version + 1,
  keys: ring.keys.map((old) => keys.find(({ kid }) => kid === old.kid) ?? old),
});

/** An event that tells what happened to a key. */
export const eventOf = (
  operation: RingEvent["operation"],
  { kid, keyArn, alg }: RingKey,
  { reason, operator }: Pick<RotationOrder, "reason"> & Partial<Pick<RotationOrder, "operator">>,
): RingEvent => ({ operation, kid, keyArn, alg, reason, ...(operator ? { operator } : {}) });
