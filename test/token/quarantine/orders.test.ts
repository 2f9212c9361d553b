import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { startAudit } from "../../../core/audit/context.ts";
import { quarantineAgent } from "../../../core/session/quarantine-agent.ts";
import { memoryQuarantines, standingOf } from "../../kit/memory/epochs.ts";
import { agentId } from "../../kit/registry.ts";
import { expectRefused, factsIn, play, readsOn, readTickets, writeTickets } from "./ground.ts";

const planner = agentId("planner");

describe("an order to quarantine", () => {
  it.each([
    ["a person", { revoke: { principal: `p_${"a".repeat(32)}` }, quarantine: true }],
    ["a session", { revoke: { session: "A".repeat(22) }, quarantine: true }],
    ["the deployment", { revoke: { deployment: "agents.example.com" }, quarantine: true }],
    ["a session's login", { lift: { session: "A".repeat(22) }, quarantine: true }],
    ["an agent that is cut only", { revoke: { agent: planner }, quarantine: true, cutOnly: true }],
    ["by another word than true", { revoke: { agent: planner }, quarantine: "yes" }],
    ["an erasure", { erase: { principal: `p_${"a".repeat(32)}` }, quarantine: true }],
  ])("is refused and writes nothing for %s", async (_, order) => {
    const { world } = await play({ planner: readsOn });
    const { status } = await world.order({ ...order, reason: "r" });
    expect([status, world.store.epochs.size, world.store.tombstones.size]).toEqual([400, 0, 0]);
  });

  it("is refused for a name that no agent has, and tells the one that was probably meant", async () => {
    const { world } = await play({ planner: readsOn });
    const refused = await world.order({ revoke: { agent: agentId("planer") }, quarantine: true, reason: "r" });
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([404, expect.stringContaining(planner)]);
  });

  it("is on record with who, whom and why, told from a revocation that blocks", async () => {
    const { world, quarantine, release } = await play({ planner: readsOn });
    await quarantine("planner");
    expect(factsIn(world)).toMatchObject({
      ...{ operation: "revoke", outcome: "allowed", target: `agent:${planner}`, quarantine: true },
      ...{ reason: "it asks for odd things", operator_id: "AROAEXAMPLE" },
    });
    await release("planner");
    expect(factsIn(world)).toMatchObject({ operation: "lift", target: `agent:${planner}`, quarantine: true });
    await world.order({ revoke: { agent: planner }, reason: "r" });
    expect(factsIn(world)).not.toHaveProperty("quarantine");
  });
});

describe("a block and a quarantine of one agent", () => {
  const blocked = (w: Awaited<ReturnType<typeof play>>["world"]) =>
    w.order({ revoke: { agent: planner }, reason: "r" });
  const unblocked = (w: Awaited<ReturnType<typeof play>>["world"]) =>
    w.order({ lift: { agent: planner }, reason: "r" });

  it("are lifted one by one, in either order, and each lift tells that the other is in force", async () => {
    const { world, open, quarantine, release } = await play({ planner: readsOn });
    await quarantine("planner");
    await blocked(world);
    expect((await unblocked(world)).body).toMatchObject({ blocked: false, quarantined: true });
    expectRefused(world, await open(writeTickets), "scope_exceeds");
    expect((await open(readTickets)).status).toBe(200);
    await blocked(world);
    expect((await release("planner")).body).toMatchObject({ blocked: true, quarantined: false });
    expect([(await open(readTickets)).status]).toEqual([403]);
    await unblocked(world);
    expect((await open(writeTickets)).status).toBe(200);
  });

  const step = fc.constantFrom("block", "unblock", "quarantine", "release", "automatic");
  test.prop([fc.array(step, { maxLength: 8 })], { numRuns: 60 })(
    "are two states: each stands as its own last order left it, whatever came of the other",
    async (steps) => {
      const { world, quarantine, release } = await play({ planner: readsOn });
      const { clock, ids, toRecord } = world.deps;
      const by = { clock, ids, toRecord, quarantines: memoryQuarantines(world.store) };
      const audit = startAudit(world.call("", []), "request", clock);
      const expected = { blocked: false, quarantined: false };
      await world.order({ revoke: { agent: planner }, cutOnly: true, reason: "so that there is something to lift" });
      for (const one of steps) {
        if (one === "block") await blocked(world);
        if (one === "unblock") await unblocked(world);
        if (one === "quarantine") await quarantine("planner");
        if (one === "release") await release("planner");
        if (one === "automatic") await quarantineAgent({ agent: planner, cause: "approvals_refused" }, audit, by);
        if (one === "block" || one === "unblock") expected.blocked = one === "block";
        else expected.quarantined = one !== "release";
      }
      const { blocked: isBlocked, quarantined } = standingOf(world.store.epochs.get(`agent:${planner}`));
      expect({ blocked: isBlocked, quarantined }).toEqual(expected);
    },
  );
});

describe("threat 54: a quarantine without an operator", () => {
  const automatically = async (w: Awaited<ReturnType<typeof play>>["world"]) => {
    const { clock, ids, toRecord } = w.deps;
    const audit = startAudit(w.call("", []), "request", clock);
    const by = { clock, ids, toRecord, quarantines: memoryQuarantines(w.store) };
    return quarantineAgent({ agent: planner, cause: "approvals_refused" }, audit, by);
  };

  it("cuts and leaves the profile as an operator's does, and its record names the cause and nobody", async () => {
    const { world, ticketApi, open, isActive } = await play({ planner: readsOn });
    const access = (await open()).body.access_token;
    expect(await automatically(world)).toBe("quarantined");
    const facts = factsIn(world);
    expect(facts).toMatchObject({ operation: "revoke", target: `agent:${planner}`, quarantine: true, agent: planner });
    expect([facts.reason, facts.operator_arn]).toEqual([expect.stringContaining("in a row"), undefined]);
    expect(await isActive(ticketApi, access)).toBe(false);
    expectRefused(world, await open(writeTickets), "scope_exceeds");
    expect((await open(readTickets)).status).toBe(200);
  });

  it("happens once: while one is in force, another cuts nothing that the profile opened", async () => {
    const { world, ticketApi, open, isActive } = await play({ planner: readsOn });
    await automatically(world);
    const inside = (await open(readTickets)).body.access_token;
    const records = world.store.records.length;
    expect([await automatically(world), world.store.records.length]).toEqual(["already", records]);
    expect(await isActive(ticketApi, inside)).toBe(true);
  });

  it("is lifted by an operator, and comes again after it", async () => {
    const { world, open, release } = await play({ planner: readsOn });
    await automatically(world);
    expect((await release("planner")).body).toMatchObject({ quarantined: false });
    expect((await open(writeTickets)).status).toBe(200);
    expect(await automatically(world)).toBe("quarantined");
    expectRefused(world, await open(writeTickets), "scope_exceeds");
  });
});
