import { keyTimes, longestCacheSeconds, signedLifeSeconds } from "../../core/model/key-times.ts";
import type { TestRing } from "../kit/world/rings.ts";

/** Every rule that must hold at any time, by the truth and not by any clock of the rotator or the row. */
export function broken(ring: TestRing): readonly string[] {
  const life = signedLifeSeconds[ring.purpose] ?? Number.POSITIVE_INFINITY;
  // what the caches themselves need; the rest of the wait is there for clocks that are wrong
  const needed = longestCacheSeconds - keyTimes.clockMarginSeconds;
  const wrong: string[] = [];
  for (const key of ring.keys.values()) {
    for (const at of key.signedAt) {
      const known = at - (key.publishedAt ?? Number.POSITIVE_INFINITY);
      if (!(known >= needed)) wrong.push(`${key.kid} signed ${known} s after its publication`);
      if (key.endedAt !== undefined && key.endedAt < at + life)
        wrong.push(`${key.kid} was ended ${key.endedAt - at} s after it signed`);
    }
  }
  for (const alg of ring.algorithms) {
    if (ring.inState("active", alg).length > 1) wrong.push(`two active ${alg} keys`);
  }
  return wrong;
}
