import { describe, expect, it } from "vitest";
import type { AgentRegistration } from "../../core/model/agent-registration.ts";
import { agentId } from "../kit/registry.ts";
import { files, lastDenial, openSession, planner, rows, setUp, vend, world } from "./ground.ts";

const registered = rows.find(({ kind, name }) => kind === "agent" && name === "planner") as AgentRegistration;
setUp({ ...registered, quarantine: { scopes: [{ resource: files, scopes: ["files:read"] }] } });

const quarantine = () => world.order({ revoke: { agent: agentId("planner") }, quarantine: true, reason: "odd" });
const reads = { scope: "files:read" };

describe("threat 54: a quarantined agent gets credentials of AWS", () => {
  it("for no session of before", async () => {
    const session = await openSession(planner);
    expect((await vend(planner, session)).status).toBe(200);
    await quarantine();
    expect([(await vend(planner, session)).status, lastDenial()]).toEqual([400, "parent_dead"]);
  });

  it("for a session of the quarantine, and within the profile alone", async () => {
    await quarantine();
    const session = await openSession(planner, reads);
    expect((await vend(planner, session)).status).toBe(200);
    expect([(await vend(planner, session, { scope: "files:write" })).status, lastDenial()]).toEqual([
      400,
      "scope_exceeds",
    ]);
  });

  it("not where the quarantine falls while STS is asked", async () => {
    const session = await openSession(planner);
    let seen = 0;
    world.store.beforeLiveness = async () => {
      if (++seen !== 2) return;
      world.store.beforeLiveness = undefined;
      await quarantine();
    };
    const { status, body } = await vend(planner, session);
    expect([status, lastDenial()]).toEqual([400, "died_in_flight"]);
    expect(JSON.stringify(body)).not.toMatch(/SecretAccessKey/);
  });
});
