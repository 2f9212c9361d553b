import { describe, expect, test } from "vitest";
import { createReconciler, type Gaps, type Reconciled } from "../../core/endpoints/reconciler.ts";
import type { Finding } from "../../core/sealing/findings.ts";
import { firstHead, type Head } from "../../core/sealing/head.ts";

const now = Date.parse("2026-11-30T18:20:00Z");
const minute = 60_000;

/** A reconciler over what it would find. */
function reconciler({
  head,
  gaps = {},
  remembered,
}: {
  head?: Head;
  gaps?: Partial<Gaps>;
  remembered?: Reconciled;
} = {}) {
  const told: Finding[] = [];
  const asked: unknown[] = [];
  let memory = remembered;
  const run = createReconciler({
    clock: { nowMillis: () => now },
    deliverySeconds: 60,
    gaps: {
      unplaced: async (before, most) => {
        asked.push(["unplaced", before, most]);
        return [];
      },
      unseen: async (before, most) => {
        asked.push(["unseen", before, most]);
        return [];
      },
      unnoted: async (from, before) => {
        asked.push(["unnoted", from, before]);
        return { eventIds: [] };
      },
      ...gaps,
    },
    head: { read: async () => head },
    findings: { tell: async (finding) => void told.push(finding) },
    memory: {
      recall: async () => memory,
      remember: async (next) => {
        memory = next;
      },
    },
  });
  return { run, told, asked, memory: () => memory };
}
const grown: Head = {
  ...firstHead(now - 60 * minute),
  revision: 3,
  size: 5,
  published: 5,
  begunAtMillis: now - 5 * minute,
};

describe("the reconciler", () => {
  test("asks for what waits longer than it may, and tells of nothing where nothing is missing", async () => {
    const { run, told, asked, memory } = reconciler({ head: grown });
    expect(await run()).toEqual([]);
    expect(told).toEqual([]);
    expect(asked).toEqual([
      ["unplaced", now - 10 * minute, 100],
      ["unseen", now - 11 * minute, 100],
      ["unnoted", undefined, now - 10 * minute],
    ]);
    expect(memory()).toEqual({ atMillis: now });
  });

  test("threat 23: finds records that the relay never noted, that have no place, and that stand in no object", async () => {
    const gaps = {
      unplaced: async () => ["b", "c"],
      unseen: async () => ["d"],
      unnoted: async () => ({ eventIds: ["a", "b"], next: { eventId: "m" } }),
    };
    const { run, told, memory } = reconciler({ head: grown, gaps });
    await run();
    expect(told).toEqual([
      { kind: "leaf.missing", subjects: ["a", "b", "c"] },
      { kind: "object.missing", subjects: ["d"] },
    ]);
    expect(memory()).toEqual({ atMillis: now, from: { eventId: "m" } });
  });

  test("goes on with its walk where the last run ended", async () => {
    const { run, asked } = reconciler({ head: grown, remembered: { atMillis: 1, from: { eventId: "m" } } });
    await run();
    expect(asked).toContainEqual(["unnoted", { eventId: "m" }, now - 10 * minute]);
  });

  test.each<[string, Partial<Head>, boolean]>([
    ["a tree that is not signed after ten minutes", { published: 4, begunAtMillis: now - 11 * minute }, true],
    ["a tree that is not signed yet", { published: 4, begunAtMillis: now - 9 * minute }, false],
    ["a batch that nobody finishes", { batch: [], begunAtMillis: now - 11 * minute }, true],
    ["a log that did not grow for an hour and more", { begunAtMillis: now - 71 * minute }, true],
    ["a log that grew within the hour", { begunAtMillis: now - 69 * minute }, false],
  ])("threat 23: looks at %s", async (_, head, isLate) => {
    const { run, told } = reconciler({ head: { ...grown, ...head } });
    await run();
    const { published } = { ...grown, ...head };
    expect(told).toEqual(isLate ? [{ kind: "checkpoint.late", subjects: [`after ${published}`] }] : []);
  });

  test("does not say that it ran when people could not be told", async () => {
    const gaps = { unseen: () => Promise.reject(new Error("the table is away")) };
    const { run, memory } = reconciler({ head: grown, gaps });
    await expect(run()).rejects.toThrow("away");
    expect(memory()).toBeUndefined();
  });
});
