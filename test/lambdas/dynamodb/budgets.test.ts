import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BudgetStore } from "../../../core/budgets/store.ts";
import type { BudgetCharge, CostReport } from "../../../core/model/budget.ts";
import { limits } from "../../../core/model/limits.ts";
import { createBudgetReads } from "../../../lambdas/aws/dynamodb/budgets/budget-reads.ts";
import { createBudgetStore } from "../../../lambdas/aws/dynamodb/budgets/budget-store.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, record } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
let store: BudgetStore;
beforeAll(async () => {
  cloud = await openCloud();
  store = createBudgetStore(cloud.client, cloud.tables);
});
afterAll(() => cloud.close());

const charge = (more: Partial<BudgetCharge> = {}): BudgetCharge => ({
  key: `ledger#agent/${id()}#2026-12-01`,
  calls: { by: 1, most: 3 },
  endsAtSeconds: now + 3_600,
  ...more,
});
const euros = (by: number, most: number) => ({ by, most, currency: "EUR" });
const rowOf = async (key: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Budgets", Key: { key }, ConsistentRead: true }))).Item;

describe("threat 60: a row of a budget", () => {
  test("holds exactly as much as its limit of sixty calls at one instant, through several instances", async () => {
    const instances = [0, 1, 2].map(() => createBudgetStore(cloud.client, cloud.tables));
    const one = charge({ calls: { by: 1, most: 17 } });
    const taken = await Promise.all(Array.from({ length: 60 }, (_, i) => instances[i % 3]?.take(one)));
    expect(taken.filter((each) => each?.ok)).toHaveLength(17);
    expect((await rowOf(one.key))?.calls).toBe(17);
  });

  test("is taken from by one conditional update, which also says when the row may go", async () => {
    const one = charge({ money: euros(250, 1_000) });
    cloud.taken();
    expect((await store.take(one)).ok).toBe(true);
    expect(cloud.taken().map(({ operation }) => operation)).toEqual(["UpdateItemCommand"]);
    expect(await rowOf(one.key)).toEqual({
      key: one.key,
      calls: 1,
      EUR: 250,
      reservedEUR: 250,
      expiresAt: one.endsAtSeconds + limits.budgetKeptSeconds,
    });
  });

  test("tells what is left where a charge does not fit, and takes nothing of either part", async () => {
    const one = charge({ money: euros(600, 1_000) });
    await store.take(one);
    expect(await store.take(one)).toEqual({ ok: false, error: { calls: 2, money: 400 } });
    expect(await rowOf(one.key)).toMatchObject({ calls: 1, EUR: 600 });
  });

  test("refuses what is larger than the whole limit, though there is no row yet, and makes none", async () => {
    const one = charge({ money: euros(1_001, 1_000) });
    expect(await store.take(one)).toEqual({ ok: false, error: { calls: 3, money: 1_000 } });
    expect(await rowOf(one.key)).toBeUndefined();
  });

  test("holds a limit that was lowered since, however much was spent under the former one", async () => {
    const one = charge({ calls: { by: 1, most: 5 } });
    for (let n = 0; n < 5; n++) await store.take(one);
    expect(await store.take({ ...one, calls: { by: 1, most: 2 } })).toEqual({ ok: false, error: { calls: 0 } });
  });

  test("property: never holds more than the limit, whatever is taken and given back at one instant", async () => {
    const sizes = fc.array(fc.record({ by: fc.integer({ min: 0, max: 40 }), back: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 100 }), async (wishes, most) => {
        const key = charge().key;
        const held = await Promise.all(
          wishes.map(async ({ by, back }) => {
            const one: BudgetCharge = { key, money: euros(by, most), endsAtSeconds: now + 60 };
            if (!(await store.take(one)).ok) return 0;
            if (!back) return by;
            await store.giveBack([one]);
            return 0;
          }),
        );
        const kept = held.reduce((sum, one) => sum + one, 0);
        expect(kept).toBeLessThanOrEqual(most);
        expect((await rowOf(key))?.EUR ?? 0).toBe(kept);
      }),
      { numRuns: 25 },
    );
  });
});

describe("threat 60: what is given back", () => {
  test("is given back once, in one transaction with a token, in all rows or in none", async () => {
    const [day, hour] = [charge({ money: euros(5, 10) }), charge()];
    for (const one of [day, hour]) await store.take(one);
    cloud.taken();
    await store.giveBack([day, hour]);
    const [sent] = cloud.taken();
    expect(sent?.operation).toBe("TransactWriteItemsCommand");
    expect(sent?.input).toMatchObject({ ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect([await rowOf(day.key), await rowOf(hour.key)]).toMatchObject([{ calls: 0, EUR: 0 }, { calls: 0 }]);
  });

  test("does not begin a row again that is gone, below nothing", async () => {
    const one = charge();
    await store.giveBack([one]);
    expect(await rowOf(one.key)).toBeUndefined();
  });
});

describe("threat 60: a settlement", () => {
  const reserved = async (most = 1_000) => {
    const one = charge({ money: euros(600, most) });
    await store.take(one);
    const report: CostReport = {
      ...{ id: id(), resource: "https://a.example", server: "spiffe://x/agent/a", root: id(), sid: id() },
      ...{ reserved: { minor: 600, currency: "EUR" }, expiresAtSeconds: now + 90_000 },
      rows: [{ key: one.key, most, endsAtSeconds: one.endsAtSeconds }],
    };
    const sessions = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1_000 });
    await sessions.use({ counters: [], replayEntries: [], report, record: record() });
    return { key: one.key, report };
  };
  const settle = (report: CostReport, cost: number, nowSeconds = now) =>
    store.settle({ report, cost, nowSeconds, replayEntries: [], record: record() });

  test("is read as it was stored, and settled once of ten at one instant, beside takers of the same row", async () => {
    const { key, report } = await reserved();
    expect(await store.readReport(report.id)).toEqual(report);
    const [settled] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => settle(report, 200))),
      ...Array.from({ length: 10 }, () => store.take({ key, money: euros(1, 1_000), endsAtSeconds: now + 3_600 })),
    ]);
    expect(settled.filter(({ ok }) => ok)).toHaveLength(1);
    expect(settled.find(({ ok }) => !ok)).toEqual({ ok: false, error: { kind: "settled" } });
    expect((await rowOf(key))?.EUR).toBe(210);
    expect((await store.readReport(report.id))?.settled).toBe(200);
  });

  test("leaves nothing reserved of it, whatever the cost was, and so does what is given back", async () => {
    const reads = createBudgetReads(cloud.client, cloud.tables);
    for (const cost of [0, 250, 600, 601]) {
      const { key, report } = await reserved();
      const more = { key, money: euros(40, 1_000), endsAtSeconds: now + 3_600 };
      await Promise.all([store.take(more), settle(report, cost)]);
      const row = (await reads.rows([key])).get(key);
      expect([row?.takenMinor("EUR"), row?.reservedMinor("EUR")]).toEqual([cost + 40, 40]);
      await store.giveBack([more]);
      const after = (await reads.rows([key])).get(key);
      expect([after?.takenMinor("EUR"), after?.reservedMinor("EUR"), after?.emptied]).toEqual([cost, 0, cost > 600]);
    }
  });

  test("beyond what was reserved is added and empties the row; a window that is over stays as it is", async () => {
    const { key, report } = await reserved();
    await settle(report, 700);
    expect(await rowOf(key)).toMatchObject({ EUR: 700, emptied: true });
    expect(await store.take({ key, money: euros(1, 1_000), endsAtSeconds: now + 3_600 })).toEqual({
      ok: false,
      error: { money: 0 },
    });
    const over = await reserved();
    expect((await settle(over.report, 0, now + 3_600)).ok).toBe(true);
    expect((await rowOf(over.key))?.EUR).toBe(600);
  });
});

describe("what operators read of budgets", () => {
  test("are rows by their names, two hundred and fifty in three batches, and none of what is not there", async () => {
    const reads = createBudgetReads(cloud.client, cloud.tables);
    const charges = Array.from({ length: 250 }, (_, n) => charge({ key: `ledger#agent/${id()}#${n}` }));
    const [first, last] = [charges[0] as BudgetCharge, charges[249] as BudgetCharge];
    await Promise.all([first, last].map((one) => store.take(one)));
    cloud.taken();
    const rows = await reads.rows([...charges, first].map(({ key }) => key));
    expect([...rows.keys()].sort()).toEqual([first.key, last.key].sort());
    expect(rows.get(first.key)?.calls).toBe(1);
    expect(cloud.taken().map(({ operation }) => operation)).toEqual(Array(3).fill("BatchGetItemCommand"));
    expect((await reads.rows([])).size).toBe(0);
  });

  test("are broken where a sum is none, and look neither full nor empty", async () => {
    const reads = createBudgetReads(cloud.client, cloud.tables);
    const key = charge().key;
    await cloud.client.send(new PutCommand({ TableName: "Budgets", Item: { key, calls: 1, EUR: -5 } }));
    const row = (await reads.rows([key])).get(key);
    expect(() => row?.takenMinor("EUR")).toThrow(/budgets/);
  });
});
