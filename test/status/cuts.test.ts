import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import {
  addCuts,
  type Cut,
  type CutLedger,
  cutOf,
  emptyLedger,
  isOverflowing,
  lastingCuts,
} from "../../core/status/cuts.ts";

const nowSeconds = 1_785_542_400;
const issuer = "https://id.example";
const all = (cuts: readonly Cut[]) => cuts.length;
const cut = (more: Partial<Cut> = {}): Cut => ({
  name: "n".repeat(22),
  epoch: 1,
  reach: "agent",
  atSeconds: nowSeconds,
  untilSeconds: nowSeconds + 3_600,
  ...more,
});
const add = (ledger: CutLedger, cuts: readonly Cut[], fits: (cuts: readonly Cut[]) => number = all) =>
  addCuts(ledger, cuts, { nowSeconds, fits });

const anyCut = fc.record({
  name: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  epoch: fc.integer({ min: 1, max: 4 }),
  reach: fc.constantFrom("deployment", "agent", "build", "principal", "login"),
  atSeconds: fc.integer({ min: nowSeconds - 60, max: nowSeconds }),
  untilSeconds: fc.integer({ min: nowSeconds - 5, max: nowSeconds + 5 }),
}) satisfies fc.Arbitrary<Cut>;

describe("the ledger of cuts", () => {
  test("knows what a cut reaches and names it by issuer", () => {
    const times = { issuer, nowSeconds, untilSeconds: nowSeconds + 1 };
    const reach = (subject: string) => cutOf({ kind: "raised", subject, epoch: 1 }, times).reach;
    expect(["agent:a", "principal:a", "build:a", "login:a"].map(reach)).toEqual([
      "agent",
      "principal",
      "build",
      "login",
    ]);
    const deployment = cutOf({ kind: "deployment", epoch: 2 }, times);
    expect(deployment).toMatchObject({ reach: "deployment", epoch: 2, name: expect.stringMatching(/^[\w-]{22}$/) });
    expect(cutOf({ kind: "deployment", epoch: 2 }, { ...times, issuer: "https://two.example" }).name).not.toBe(
      deployment.name,
    );
  });

  test("changes its version with every change and never without one", () => {
    const one = add(emptyLedger, [cut()]);
    expect(one).toEqual({ version: 1, cuts: [cut()] });
    expect(add(one, [cut({ atSeconds: nowSeconds + 1 })])).toBe(one);
    expect(add(one, [cut({ epoch: 2 })])).toEqual({ version: 2, cuts: [cut({ epoch: 2 })] });
    expect(add(add(one, [cut({ epoch: 2 })]), [cut()])).toMatchObject({ version: 2, cuts: [{ epoch: 2 }] });
  });

  test("leaves out what is over, at once where it is told and for good with the next change", () => {
    const ledger = { version: 1, cuts: [cut({ name: "old", untilSeconds: nowSeconds })] };
    expect(lastingCuts(ledger, nowSeconds)).toEqual([]);
    expect(lastingCuts(ledger, nowSeconds - 1)).toHaveLength(1);
    expect(add(ledger, [cut()]).cuts).toEqual([cut()]);
  });

  test("keeps the widest reach, then the newest, and says until when it lacks the rest", () => {
    const login = cut({ name: "l", reach: "login", untilSeconds: nowSeconds + 50 });
    const older = cut({ name: "o", atSeconds: nowSeconds - 9 });
    const newer = cut({ name: "b" });
    const twin = cut({ name: "a" });
    const deployment = cut({ name: "d", reach: "deployment", atSeconds: nowSeconds - 99 });
    const full = add(emptyLedger, [login, older, newer, twin, deployment], () => 3);
    expect(full.cuts.map(({ name }) => name)).toEqual(["d", "a", "b"]);
    expect(full.overflowUntilSeconds).toBe(nowSeconds + 3_600);
    expect([isOverflowing(full, nowSeconds), isOverflowing(full, nowSeconds + 3_600)]).toEqual([true, false]);
    // a later change does not forget that something is lacking
    const later = addCuts(full, [cut({ name: "z", epoch: 9 })], { nowSeconds: nowSeconds + 1, fits: all });
    expect(isOverflowing(later, nowSeconds + 2)).toBe(true);
  });

  property.prop([fc.array(fc.array(anyCut, { maxLength: 4 }), { maxLength: 6 }), fc.integer({ min: 0, max: 6 })])(
    "never takes an epoch back, never keeps more than fits, and tells of every cut it lacks",
    (batches, most) => {
      let ledger = emptyLedger;
      const highest = new Map<string, Cut>();
      for (const batch of batches) {
        const before = ledger;
        ledger = add(ledger, batch, (cuts) => Math.min(most, cuts.length));
        for (const one of batch) if ((highest.get(one.name)?.epoch ?? 0) < one.epoch) highest.set(one.name, one);
        expect(ledger.version - before.version).toBe(ledger === before ? 0 : 1);
        expect(ledger.cuts.length).toBeLessThanOrEqual(Math.max(most, before.cuts.length));
      }
      for (const [name, { epoch, untilSeconds }] of highest) {
        const told = ledger.cuts.find((one) => one.name === name)?.epoch ?? 0;
        if (untilSeconds > nowSeconds) expect(told === epoch || isOverflowing(ledger, nowSeconds)).toBe(true);
        expect(told).toBeLessThanOrEqual(epoch);
      }
    },
  );

  property.prop([
    fc.uniqueArray(anyCut, { selector: ({ name }) => name, maxLength: 6 }),
    fc.integer({ min: 0, max: 6 }),
  ])("comes to the same whatever order the cuts arrive in, where nothing overflows in between", (cuts, most) => {
    const fits = (some: readonly Cut[]) => Math.min(most, some.length);
    expect(add(emptyLedger, cuts, fits).cuts).toEqual(add(emptyLedger, cuts.toReversed(), fits).cuts);
  });
});
