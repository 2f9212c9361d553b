import { describe, expect, test } from "vitest";
import { agentId, inBase, tickets } from "../kit/registry.ts";
import { deployment, json, lanyard, reading, setUp } from "./reading-ground.ts";

const hour = 3_600;
const money = { currency: "EUR", day: 5_000 };
setUp(
  { ...inBase("resource", "tickets"), introspecting: true },
  {
    ...inBase("agent", "planner"),
    budgets: [
      { name: "ledger", resources: [tickets], calls: { hour: 10 }, money },
      { name: "other", resources: ["https://other.example"], calls: { day: 1 } },
    ],
  },
  { ...inBase("agent", "researcher"), budgets: [{ name: "ledger", calls: { hour: 3 } }] },
);

/** Spends as a call in this hour would. */
async function spend(scope: string, calls: number): Promise<void> {
  const at = new Date(reading.world.time.seconds * 1_000).toISOString();
  const key = `ledger#${scope}#${at.slice(0, 13)}`;
  await reading.world.store.budgets.take({ key, calls: { by: calls, most: 99 }, endsAtSeconds: 0 });
}

describe("lanyard budgets", () => {
  test("shows a line for each window and thing that is bounded, with what is left and when it renews", async () => {
    await spend(`agent/${agentId("planner")}`, 4);
    const { code, out } = await lanyard(["budgets", "--agent", "planner"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ledger +agent planner +day +EUR +5000 +0 +0 +5000 +in /m);
    expect(out).toMatch(/^ledger +agent planner +hour +calls +10 +4 +0 +6 +in /m);
    expect(out).toContain("2 budgets; sums are in the currency's smallest unit");
  });

  test("as JSON tells the numbers with their units, for programs", async () => {
    await spend(`agent/${agentId("planner")}`, 4);
    const { ok, budgets } = await json("budgets", "--agent", agentId("planner"), "--name", "ledger");
    expect([ok, budgets.length]).toEqual([true, 1]);
    const [day, inHour] = budgets[0].windows;
    expect(day.money).toEqual({
      currency: "EUR",
      ...{ limitMinor: 5_000, spentMinor: 0, reservedMinor: 0, leftMinor: 5_000 },
    });
    expect(inHour.calls).toEqual({ limit: 10, spent: 4, left: 6 });
    expect(inHour.renewsAtSeconds % hour).toBe(0);
  });

  test("without a name lists all agents', and keeps those that count a resource, or have nothing left", async () => {
    const named = async (...args: readonly string[]) =>
      (await json("budgets", ...args)).budgets.map((one: { agent: string; name: string }) => [one.agent, one.name]);
    const [planner, researcher] = [agentId("planner"), agentId("researcher")];
    expect(await named()).toEqual([
      [planner, "ledger"],
      [planner, "other"],
      [researcher, "ledger"],
    ]);
    expect(await named("--resource", tickets)).toEqual([
      [planner, "ledger"],
      [researcher, "ledger"],
    ]);
    expect(await named("--empty")).toEqual([]);
    await spend(`agent/${researcher}`, 3);
    expect(await named("--empty")).toEqual([[researcher, "ledger"]]);
  });

  test("says that none applies where an agent has none, and refuses one that is not registered", async () => {
    expect((await lanyard(["budgets", "--agent", "triage"])).out).toBe("no such budget applies");
    expect((await lanyard(["budgets", "--agent", "nobody"])).code).toBe(1);
  });

  test("asks nothing where two are named at once", async () => {
    const before = deployment.asked.length;
    expect((await lanyard(["budgets", "--agent", "planner", "--session", "A".repeat(22)])).code).toBe(2);
    expect(deployment.asked.length).toBe(before);
  });
});
