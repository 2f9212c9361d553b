/**
 * For `vi.waitFor`, which gives up after a second by itself: a test waits for what it wants, and only a long stop, never
 * a guess at how fast the machine is, ends the wait. (`expect.poll` has the same from vitest.config.ts.)
 */
export const patience = { timeout: 300_000, interval: 50 };
