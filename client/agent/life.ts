import { type Clock, leastMillisSince, type Moment, mostMillisSince } from "../../core/model/ports.ts";

/** How long an answer said that something lives, from when it was asked for. */
export interface Life {
  readonly asked: Moment;
  readonly lifeSeconds: number;
}

/**
 * True while it will surely live for `marginSeconds` more. A clock of this machine that is set back keeps nothing in use
 * that has ended, since lives are measured from the asking and not until a date.
 */
export const surelyLives = ({ asked, lifeSeconds }: Life, marginSeconds: number, clock: Clock): boolean =>
  mostMillisSince(asked, clock) < (lifeSeconds - marginSeconds) * 1000;

/** True once it has surely ended: until then the issuer is asked, who knows. */
export const surelyOver = ({ asked, lifeSeconds }: Life, clock: Clock): boolean =>
  leastMillisSince(asked, clock) >= lifeSeconds * 1000;
