import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Alarms } from "../alarms.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { adminRotate } from "./admin-rotate.ts";
import type { Ground } from "./ground.ts";
import { rotator, rotatorMinutes } from "./rotator.ts";

/** What rotates the signing keys: the function that does it, and the one that takes operators' orders. */
export interface Rotation {
  readonly rotator: LanyardFunction;
  readonly adminRotate: LanyardFunction;
  readonly failures: IQueue;
}

/** Makes both functions; only `adminRotate` is to have a URL. */
export const rotation = (ground: Ground): Rotation => ({ ...rotator(ground), adminRotate: adminRotate(ground) });

/** Rotation that fails, stands still or is not called at all is told of: a key that signs for ever is found one day. */
export function watchRotation(alarms: Alarms, { rotator: looked, adminRotate: ordered, failures }: Rotation): void {
  alarms.ofFunction("AdminRotate", ordered);
  alarms.ofFunction("Rotator", looked);
  alarms.ofStream("Rotator", looked);
  alarms.ofQueue("RotatorFailures", failures);
  alarms.ofSchedule("Rotator", looked, rotatorMinutes);
}
