/**
 * Above this the epoch counts automatic quarantines. Whoever writes one may write their counter alone: a counter of its
 * own that is added to the other would let that writer lower the sum to where it once stood, and so bring sessions back
 * that an operator cut. As two digits of one number they never meet, and both raise it.
 */
const automaticUnit = 2 ** 32;

/**
 * The revocation epoch of a row.
 * @param generation how often operators and erasures cut it
 * @param automatic how often it was cut by those who may write their own counter alone: an agent's automatic
 * quarantines, and what was heard of a person. No row has both
 */
export const epochFrom = (generation: number, automatic: number): number => generation + automatic * automaticUnit;

/** How many cuts an epoch counts, of either kind. */
export const cutsIn = (epoch: number): number => (epoch % automaticUnit) + Math.floor(epoch / automaticUnit);
