import type { Ring, RingEvent, RingKey, RotationOrder } from "./model.ts";

/** The ring's next version, with these keys in the place of those of the same `kid`. */
export const changed = (ring: Ring, ...keys: readonly RingKey[]): Ring => ({
  ...ring,
  version: ring.version + 1,
  keys: ring.keys.map((old) => keys.find(({ kid }) => kid === old.kid) ?? old),
});

/** The event of what became of a key. */
export const eventOf = (
  operation: RingEvent["operation"],
  { kid, keyArn, alg }: RingKey,
  { reason, operator }: Pick<RotationOrder, "reason"> & Partial<Pick<RotationOrder, "operator">>,
): RingEvent => ({ operation, kid, keyArn, alg, reason, ...(operator ? { operator } : {}) });
