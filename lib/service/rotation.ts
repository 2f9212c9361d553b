import type { Alarms } from "../alarms.ts";
import type { AdminRotate } from "./admin/rotate.ts";
import { type Rotator, rotatorMinutes } from "./rotator.ts";

/**
 * Reports rotation that fails, makes no progress or does not run at all: otherwise a key could sign for ever without
 * notice. A lagging stream is not reported, since the schedule handles every order within five minutes.
 */
export function watchRotation(alarms: Alarms, rotator: Rotator, ordered: AdminRotate): void {
  alarms.ofFunction("AdminRotate", ordered);
  alarms.ofFunction("Rotator", rotator);
  alarms.ofQueue("RotatorFailures", rotator.failures);
  alarms.ofSchedule("Rotator", rotator, rotatorMinutes);
}
