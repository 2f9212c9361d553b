import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { createTrail } from "../../core/status/trail.ts";

test("a walk's cursor stands before the first step that is not done, in its shard and in no other", () => {
  const trail = createTrail({ "0": "a", "2": "z" });
  const [b, c, d] = ["b", "c", "d"].map((key) => trail.step("0", key));
  trail.step("1", "b");
  c?.();
  expect(trail.cursor()).toEqual({ "0": "a", "2": "z" });
  b?.();
  expect(trail.cursor()).toEqual({ "0": "c", "2": "z" });
  d?.();
  expect(trail.cursor()).toEqual({ "0": "d", "2": "z" });
});

property.prop([fc.array(fc.tuple(fc.constantFrom("0", "1", "2"), fc.boolean(), fc.boolean()), { maxLength: 40 })])(
  "threat 48: whatever order steps end in, and whenever it is asked, no cursor has passed a step that is not done",
  (steps) => {
    const trail = createTrail();
    const begun: { shard: string; key: string; isDone: boolean; end: () => void }[] = [];
    steps.forEach(([shard, endsEldest, asks], n) => {
      const key = String(n).padStart(3, "0");
      begun.push({ shard, key, isDone: false, end: trail.step(shard, key) });
      const open = begun.filter(({ isDone }) => !isDone);
      const one = endsEldest ? open[0] : open.at(-1);
      if (one && n % 3 > 0) {
        one.end();
        one.isDone = true;
      }
      if (!asks) return;
      const cursor = trail.cursor();
      for (const step of begun) if (!step.isDone) expect(step.key > (cursor[step.shard] ?? "")).toBe(true);
    });
    for (const { end } of begun) end();
    const last = Object.fromEntries(begun.map(({ shard, key }) => [shard, key]));
    expect(trail.cursor()).toEqual(last);
  },
);
