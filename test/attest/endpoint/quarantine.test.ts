import { describe, expect, it } from "vitest";
import { agentId, tickets } from "../../kit/registry.ts";
import { refused, setUp, withPlanner, world } from "./ground.ts";

setUp();

const profile = { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] };
const may = profile.scopes;
const subject = `agent:${agentId("planner")}`;
const quarantined = { epoch: 1, blocked: false, quarantined: true } as const;

describe("threat 54: a quarantined agent", () => {
  it("attests where its registration names a profile, or it could get nothing of that", async () => {
    const w = await withPlanner({ may, quarantine: profile });
    w.store.epochs.set(subject, quarantined);
    expect((await w.attest()).status).toBe(200);
  });

  it("gets no identity token where it names none", async () => {
    world.store.epochs.set(subject, quarantined);
    expect(await refused(world, await world.attest(), true)).toBe("quarantined");
  });

  it("is refused where it is blocked as well, whatever its profile says", async () => {
    const w = await withPlanner({ may, quarantine: profile });
    w.store.epochs.set(subject, { ...quarantined, blocked: true });
    expect(await refused(w, await w.attest(), true)).toBe("blocked");
  });

  it("gets no identity token of before: one that is being signed as the quarantine falls is not released", async () => {
    const w = await withPlanner({ may, quarantine: profile });
    let reads = 0;
    w.store.beforeLiveness = async () => {
      if (++reads === 2) w.store.epochs.set(subject, quarantined);
    };
    expect(await refused(w, await w.attest(), true)).toBe("died_in_flight");
  });
});
