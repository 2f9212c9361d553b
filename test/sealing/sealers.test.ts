import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { createLog, Died, type Gate, type Log } from "./ground.ts";

/** When a writer dies: at which of its calls, and on which side of the call's effect. Far away is never. */
const death = fc.record({ nth: fc.integer({ min: 0, max: 120 }), after: fc.boolean() });
const writers = (count: number) => fc.array(death, { minLength: count, maxLength: count });

/** A gate at which a scheduler decides who goes on, and behind which a writer may die. */
function scheduled(scheduler: fc.Scheduler, { nth, after }: { nth: number; after: boolean }): Gate {
  let calls = 0;
  return async (call) => {
    await scheduler.schedule(Promise.resolve(), call);
    if (calls++ !== nth) return undefined;
    if (!after) throw new Died();
    return {
      after: async () => {
        throw new Died();
      },
    };
  };
}

/** Runs some writers at once, in an order that the scheduler chooses. */
async function together(log: Log, scheduler: fc.Scheduler, deaths: readonly { nth: number; after: boolean }[]) {
  const runs = deaths.map((one) => log.run(scheduled(scheduler, one)).catch((failure: unknown) => failure));
  const outcomes = Promise.all(runs);
  await scheduler.waitFor(outcomes);
  return outcomes;
}

describe("threat 23: sealers at the same time", () => {
  for (const count of [2, 3])
    test.prop([fc.scheduler(), writers(count), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 300 })], {
      numRuns: 60,
    })(
      `${count} of them, each dying anywhere or nowhere, seal every record once and sign one history`,
      async (scheduler, deaths, before, more) => {
        const log = createLog();
        log.add(before);
        await log.run();
        log.add(more);
        for (const outcome of await together(log, scheduler, deaths))
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Died);
        await log.mustBeSound();
        log.add(1);
        await log.run();
        await log.mustBeComplete();
      },
    );

  test.prop([fc.scheduler(), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 })], {
    numRuns: 30,
  })(
    "while records come in, none that dies: the log is complete when all have ended, or after one more run",
    async (scheduler, bursts) => {
      const log = createLog();
      log.add(250);
      const never = { nth: 1e9, after: false };
      for (const burst of bursts) {
        log.add(burst);
        for (const outcome of await together(log, scheduler, [never, never]))
          expect(outcome).toEqual(expect.any(Number));
        await log.mustBeSound();
      }
      await log.run();
      await log.mustBeComplete();
    },
  );
});
