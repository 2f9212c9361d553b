/**
 * For `vi.waitFor`, which gives up after a second by itself: a test waits for what it wants, and only a long stop, never
 * a guess at how fast the machine is, ends the wait. (`expect.poll` has the same from vitest.config.ts.)
 */
export const patience = { timeout: 300_000, interval: 50 };

/**
 * A watch that counts the CPU time this process gets: what is cheap stays cheap beside any neighbour, on any machine.
 * @returns milliseconds since it was made, each time it is asked
 */
export function cpuWatch(): () => number {
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000;
  };
}

/** Turns of the event loop in which what ended in time may still say so. */
const graceTurns = 1_000;

/**
 * What `work` comes to, if a timer of this process set for so much later does not fire first. A bound that is kept by a
 * timer of the same event loop is due before it however late both are, so that a machine that stood still decides nothing.
 * @throws when the bound was not kept
 */
export async function endsWithin<T>(boundMillis: number, work: Promise<T>): Promise<T> {
  const late = Symbol("late");
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<typeof late>((resolve) => {
    timer = setTimeout(async () => {
      for (let turn = 0; turn < graceTurns; turn++) await new Promise((next) => setImmediate(next));
      resolve(late);
    }, boundMillis);
  });
  const first = await Promise.race([work, over]);
  clearTimeout(timer);
  if (first === late) throw new Error(`it did not end within ${boundMillis} ms`);
  return first as T;
}
