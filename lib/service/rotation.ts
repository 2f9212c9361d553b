import type { Alarms } from "../alarms.ts";
import type { AdminRotate } from "./admin/rotate.ts";
import { type Rotator, rotatorMinutes } from "./rotator.ts";

/**
 * Rotation that fails, stands still or is not called at all is told of: a key that signs for ever is found one day. A stream
 * that lags is not: the schedule takes up every order within five minutes.
 */
export function watchRotation(alarms: Alarms, rotator: Rotator, ordered: AdminRotate): void {
  alarms.ofFunction("AdminRotate", ordered);
  alarms.ofFunction("Rotator", rotator);
  alarms.ofQueue("RotatorFailures", rotator.failures);
  alarms.ofSchedule("Rotator", rotator, rotatorMinutes);
}
