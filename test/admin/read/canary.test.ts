import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { canaryRoute } from "../../../core/admin/read/canary.ts";
import type { AdminReadDeps, Question } from "../../../core/admin/read/route.ts";
import type { CanaryRun } from "../../../core/model/canary.ts";

const nowSeconds = 1_785_542_400;
const question = { named: "", query: new Map(), nowSeconds };
const asked = async (runs?: readonly CanaryRun[]) => {
  let since = 0;
  const canary = runs && {
    since: async (atMillis: number) => {
      since = atMillis;
      return runs;
    },
  };
  const answer = await canaryRoute.answer(
    question as Omit<Question, "audit" | "operator"> as Question,
    { ...(canary && { canary }) } as AdminReadDeps,
  );
  return { answer: answer.ok ? answer.value : {}, since };
};
const run = (refusedAfterMillis: CanaryRun["refusedAfterMillis"], agoSeconds = 0): CanaryRun => ({
  atMillis: (nowSeconds - agoSeconds) * 1_000,
  sid: "AAAAAAAAAAAAAAAAAAAAAA",
  refusedAfterMillis,
});

describe("what operators read of the canary", () => {
  test("is nothing where the stage has none", async () => {
    expect((await asked()).answer).toEqual({ watches: false, places: [] });
  });

  test("is of a day, place by place, and says when the last run was", async () => {
    const hundred = Array.from({ length: 100 }, (_, i) => run({ introspection: i + 1, offline: 2_000 }, i));
    const { answer, since } = await asked([...hundred, run({ aws: 60_000 }, 500)]);
    expect(since).toBe((nowSeconds - 86_400) * 1_000);
    expect(answer).toEqual({
      watches: true,
      newestAtSeconds: nowSeconds,
      places: [
        { place: "introspection", runs: 100, p50Millis: 50, p99Millis: 99, maxMillis: 100 },
        { place: "offline", runs: 100, p50Millis: 2_000, p99Millis: 2_000, maxMillis: 2_000 },
        { place: "aws", runs: 1, p50Millis: 60_000, p99Millis: 60_000, maxMillis: 60_000 },
      ],
    });
  });

  property.prop([fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 400 })])(
    "is a time that was measured, and no more than one in a hundred took longer",
    async (all) => {
      const { answer } = await asked(all.map((offline) => run({ offline })));
      const [{ p50Millis, p99Millis }] = (answer as { places: [{ p50Millis: number; p99Millis: number }] }).places;
      expect(all).toContain(p50Millis);
      expect(all).toContain(p99Millis);
      expect(all.filter((millis) => millis > p99Millis).length).toBeLessThanOrEqual(all.length / 100);
      expect(all.filter((millis) => millis <= p50Millis).length).toBeGreaterThanOrEqual(all.length / 2);
    },
  );
});
