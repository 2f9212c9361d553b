import type { Clock } from "../core/model/ports.ts";

/** This machine's clocks. */
export const machineClock: Clock = { nowMillis: () => Date.now(), steadyMillis: () => performance.now() };
