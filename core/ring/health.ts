import type { RotationPace } from "../model/key-times.ts";
import type { SigningAlgorithm } from "../model/ports.ts";
import { isKnown } from "./keyring.ts";
import type { Ring } from "./model.ts";

/** How late a switch of keys may be before somebody is told. */
const graceSeconds = 6 * 3_600;

/**
 * What is wrong with a ring after its turn: no key signs, a key has signed too long, or there is no standby for an
 * emergency.
 * @returns texts for an operator; none when all is well
 */
export function ringFaults(
  ring: Ring,
  at: {
    readonly nowSeconds: number;
    readonly pace: RotationPace;
    readonly algorithms: readonly SigningAlgorithm[];
  },
): readonly string[] {
  const { nowSeconds, pace } = at;
  return at.algorithms.flatMap((alg) => {
    const keys = ring.keys.filter((key) => key.alg === alg);
    const active = keys.find(({ state }) => state === "active");
    if (!active) return [`no ${alg} key signs`];
    const signsFor = nowSeconds - (active.activatedAtSeconds ?? 0);
    const late = signsFor > pace.periodSeconds + pace.publishWaitSeconds + graceSeconds;
    const standby = keys.some((key) => key.state === "published" && isKnown(key, nowSeconds, pace.longestCacheSeconds));
    // the first standby after a deployment or an emergency needs time until verifiers know it
    const lacks = !standby && signsFor > 3 * pace.longestCacheSeconds;
    return [
      ...(late ? [`key ${active.kid} has signed for ${signsFor} s; its rotation stalls`] : []),
      ...(lacks ? [`no ${alg} standby key that verifiers know; an emergency now would be a gap`] : []),
    ];
  });
}
