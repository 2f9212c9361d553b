import { beforeEach, describe, expect, test } from "vitest";
import { agent } from "../../kit/registry.ts";
import { aggregated, applyAll, outbox, registry, rows, selector, send, setUp, stateOf } from "./ground.ts";

setUp();

describe("PATCH /agents/<name>", () => {
  beforeEach(() => applyAll());

  test("suspends one agent and leaves every other registration as it was", async () => {
    const { body } = await send("PATCH", "/agents/planner", { state: "suspended", reason: "odd behaviour" });
    expect(body).toMatchObject({ version: 2, difference: { changed: [{ name: "agent planner" }] } });
    expect(await stateOf("planner")).toMatchObject({ state: "suspended" });
    expect(await stateOf("researcher")).toMatchObject({ state: "active" });
  });

  test.each([
    ["retired", "active"],
    ["retired", "suspended"],
    ["active", "draft"],
  ])("refuses to make an agent that is %s %s", async (from, to) => {
    if (from !== "active") await send("PATCH", "/agents/planner", { state: from, reason: "r" });
    const { status, body } = await send("PATCH", "/agents/planner", { state: to, reason: "r" });
    expect(status).toBe(422);
    expect(body.problems[0].message).toBe(`an agent that is ${from} cannot become ${to}`);
    expect(await stateOf("planner")).toMatchObject({ state: from });
  });

  test("threat 15: refuses to activate an agent whose document an active one could show", async () => {
    const twin = agent("planner-2", { state: "suspended", selectors: [selector("planner")] });
    expect((await applyAll([...rows, twin])).status).toBe(200);
    const { status, body } = await send("PATCH", "/agents/planner-2", { state: "active", reason: "r" });
    expect(status).toBe(422);
    expect(body.problems[0].message).toContain("one workload could be");
    expect(await stateOf("planner-2")).toMatchObject({ state: "suspended" });
    await send("PATCH", "/agents/planner", { state: "suspended", reason: "r" });
    expect((await send("PATCH", "/agents/planner-2", { state: "active", reason: "r" })).status).toBe(200);
    expect((await send("PATCH", "/agents/planner", { state: "active", reason: "r" })).status).toBe(422);
  });

  test.each<[string, string, object, number]>([
    ["an agent nobody registered", "/agents/ghost", { state: "suspended", reason: "r" }, 404],
    ["a state there is not", "/agents/planner", { state: "god", reason: "r" }, 422],
    ["no reason", "/agents/planner", { state: "suspended" }, 400],
    ["an empty reason", "/agents/planner", { state: "suspended", reason: "  " }, 400],
    ["a member nobody knows", "/agents/planner", { state: "suspended", reason: "r", force: true }, 400],
    ["another agent's path in its name", "/agents/../agents/planner", { state: "suspended", reason: "r" }, 404],
    ["a stale base", "/agents/planner", { state: "suspended", reason: "r", base: 9 }, 409],
  ])("refuses %s", async (_, path, body, status) => {
    expect((await send("PATCH", path, body)).status).toBe(status);
    expect(registry.versions.size).toBe(1);
  });
});

describe("threat 1: an agent that worked does not come back by leaving", () => {
  test.each(["active", "suspended", "retired"])(
    "refuses to take out one that is %s, and so to put it in anew",
    async (state) => {
      const bystander = agent("bystander", { selectors: [selector("bystander")] });
      await applyAll([...rows, bystander]);
      if (state !== "active") await send("PATCH", "/agents/bystander", { state, reason: "r" });
      const { status, body } = await applyAll(rows);
      expect([status, body.problems[0].file]).toEqual([422, "agent bystander"]);
      expect(await stateOf("bystander")).toMatchObject({ state });
    },
  );

  test("lets a draft go, which never held anything", async () => {
    await applyAll([...rows, agent("idea", { state: "draft", selectors: [selector("idea")] })]);
    expect((await applyAll(rows)).body).toMatchObject({ difference: { removed: ["agent idea"] } });
  });

  test("an empty registry is no way round it", async () => {
    await applyAll();
    expect((await applyAll([])).status).toBe(422);
    expect(registry.versions.size).toBe(1);
  });
});

describe("threat 18: whoever calls must be known to IAM", () => {
  test("a call without an identity changes nothing and is aggregated, not recorded alone", async () => {
    const { status } = await send("PUT", "/registry", { registrations: rows }, null);
    expect(status).toBe(403);
    expect([registry.versions.size, outbox.records.length, aggregated.length]).toEqual([0, 0, 1]);
  });
});
