import { type Clock, leastMillisSince, type Moment, mostMillisSince } from "../../core/model/ports.ts";

/** A life that an answer stated, and when the request was made. */
export interface Life {
  readonly asked: Moment;
  readonly lifeSeconds: number;
}

/**
 * True while it is certainly valid for `marginSeconds` more. Lives are measured from the request and not until a date,
 * so a clock that is set back keeps nothing in use that has ended.
 */
export const surelyLives = ({ asked, lifeSeconds }: Life, marginSeconds: number, clock: Clock): boolean =>
  mostMillisSince(asked, clock) < (lifeSeconds - marginSeconds) * 1000;

/** True once it has certainly ended; until then the issuer decides. */
export const surelyOver = ({ asked, lifeSeconds }: Life, clock: Clock): boolean =>
  leastMillisSince(asked, clock) >= lifeSeconds * 1000;
