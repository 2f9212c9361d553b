import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { operations, planArrivals } from "../../../bench/load/callers/arrivals.ts";
import { openLoop } from "../../../bench/load/callers/open-loop.ts";
import { seeded } from "../../../bench/load/chance.ts";
import { percentile, spreadOf } from "../../../bench/load/report/percentiles.ts";

const mix = { attest: 1, open: 4, access: 6, introspect: 8, revoke: 1 };
const plan = (seed: number, more: object = {}) =>
  planArrivals({ rate: 50, seconds: 100, mix, draw: seeded(seed), ...more });

describe("arrivals", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  test("come in time, in order, and as many as the rate says, within five deviations of Poisson", () => {
    const times = plan(1).map(({ atMillis }) => atMillis);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(100_000);
    expect(Math.abs(times.length - 5_000)).toBeLessThan(5 * Math.sqrt(5_000));
  });

  test("have gaps of an exponential: as wide a spread as their mean, and 1/e of them beyond it", () => {
    const gaps = plan(2).map(({ atMillis }, at, all) => atMillis - (all[at - 1]?.atMillis ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(20, -1);
    expect(deviation / mean).toBeGreaterThan(0.92);
    expect(deviation / mean).toBeLessThan(1.08);
    const beyond = gaps.filter((gap) => gap > mean).length / gaps.length;
    expect(Math.abs(beyond - Math.exp(-1))).toBeLessThan(0.03);
  });

  test("are of each operation as often as the mix says, and of none that it leaves out", () => {
    const counts = new Map(operations.map((name) => [name, 0]));
    const arrivals = plan(3, { mix: { ...mix, introspect: 0 } });
    for (const { operation } of arrivals) counts.set(operation, (counts.get(operation) ?? 0) + 1);
    expect(counts.get("introspect")).toBe(0);
    expect((counts.get("access") ?? 0) / arrivals.length).toBeCloseTo(6 / 12, 1);
    expect((counts.get("attest") ?? 0) / arrivals.length).toBeCloseTo(1 / 12, 1);
  });

  property.prop([fc.nat()])("are drawn from 0 up to 1, whatever the seed", (seed) => {
    const draw = seeded(seed);
    for (let at = 0; at < 50; at++) {
      const drawn = draw();
      expect(drawn).toBeGreaterThanOrEqual(0);
      expect(drawn).toBeLessThan(1);
    }
  });
});

describe("a percentile", () => {
  test("is the nearest rank: one of the values, never a mean of two", () => {
    const hundred = Array.from({ length: 100 }, (_, at) => at + 1);
    expect([0.5, 0.9, 0.99, 1].map((part) => percentile(hundred, part))).toEqual([50, 90, 99, 100]);
    expect(percentile([3], 0.99)).toBe(3);
    expect(percentile([1, 10], 0.5)).toBe(1);
    expect(percentile([], 0.5)).toBeNaN();
  });

  property.prop([fc.array(fc.nat(), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true })])(
    "is exceeded by no more than the rest, and is the least value of which that is so",
    (values, part) => {
      const sorted = [...values].sort((a, b) => a - b);
      const value = percentile(sorted, part);
      const within = (limit: number) => sorted.filter((each) => each <= limit).length;
      expect(within(value)).toBeGreaterThanOrEqual(Math.ceil(part * sorted.length));
      expect(within(value - 1)).toBeLessThan(Math.ceil(part * sorted.length));
    },
  );

  test("does not care in which order values came", () => {
    expect(spreadOf([5, 1, 9, 3])).toEqual(spreadOf([1, 3, 5, 9]));
    expect(spreadOf([5, 1, 9, 3])).toMatchObject({ count: 4, p50: 3, most: 9 });
  });
});

describe("the open loop", () => {
  /** A clock that only moves when something sleeps. */
  const clock = () => {
    let now = 0;
    const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
    const sleep = async (millis: number) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      sleepers.push({ at: now + millis, wake: resolve });
      await Promise.resolve();
      const next = sleepers.sort((a, b) => a.at - b.at).shift();
      now = Math.max(now, next?.at ?? now);
      next?.wake();
      return promise;
    };
    return { nowMillis: () => now, sleep };
  };
  const every = (millis: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ atMillis: (at + 1) * millis }));

  test("sends each arrival when it is due, though none before it was answered", async () => {
    const { nowMillis, sleep } = clock();
    const answered = Promise.withResolvers<void>();
    const sent: number[] = [];
    const run = openLoop(every(10, 5), 0, {
      nowMillis,
      sleep,
      mostInFlight: 10,
      serve: (_) => {
        sent.push(nowMillis());
        if (sent.length === 5) answered.resolve();
        return answered.promise;
      },
      shed: () => expect.unreachable(),
    });
    await run;
    expect(sent).toEqual([10, 20, 30, 40, 50]);
  });

  test("turns away who finds all places taken, and keeps nobody waiting for one", async () => {
    const { nowMillis, sleep } = clock();
    const held = Promise.withResolvers<void>();
    const [served, shed]: [number[], number[]] = [[], []];
    const run = openLoop(every(10, 6), 0, {
      nowMillis,
      sleep,
      mostInFlight: 2,
      serve: ({ atMillis }) => {
        served.push(atMillis);
        return held.promise;
      },
      shed: ({ atMillis }) => {
        shed.push(atMillis);
        if (shed.length === 4) held.resolve();
      },
    });
    await run;
    expect(served).toEqual([10, 20]);
    expect(shed).toEqual([30, 40, 50, 60]);
  });
});
