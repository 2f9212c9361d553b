import { announce, create, publish, sweep } from "./making.ts";
import type { Rule } from "./step.ts";
import { disable, end, fill, rotate, takeOrder } from "./switching.ts";

/** In order of urgency: emergencies first, and steps that create keys before those that need them. */
const rules: readonly Rule[] = [takeOrder, disable, sweep, create, publish, fill, rotate, announce, end];

/**
 * The next step of a ring, or undefined when there is nothing to do. It is a pure function: a run that is interrupted
 * after any effect or write finds the same step or the next one when it runs again. An emergency waits for no other
 * step.
 */
export const nextStep: Rule = (ring, at) => {
  for (const rule of rules) {
    const step = rule(ring, at);
    if (step) return step;
  }
  return undefined;
};
