import { announce, create, publish, sweep } from "./making.ts";
import type { Rule } from "./step.ts";
import { disable, end, fill, rotate, takeOrder } from "./switching.ts";

/** Danger first; what makes keys before what needs them. */
const rules: readonly Rule[] = [takeOrder, disable, sweep, create, publish, fill, rotate, announce, end];

/**
 * The next step of a ring, or undefined when there is nothing to do. Pure: who crashes after any effect or write and
 * comes again finds the same step or the next one. Danger first: what an emergency asks for waits for nothing.
 */
export const nextStep: Rule = (ring, at) => {
  for (const rule of rules) {
    const step = rule(ring, at);
    if (step) return step;
  }
  return undefined;
};
