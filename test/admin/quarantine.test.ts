import { describe, expect, test } from "vitest";
import { agentId, inBase, tickets } from "../kit/registry.ts";
import { openReading } from "./reading.ts";

const all = { kind: "policy", name: "all", cedar: "permit (principal, action, resource);" } as const;
const quarantine = { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] };

async function quarantined(...profile: readonly object[]) {
  const registered = Object.assign({}, inBase("agent", "planner"), ...profile);
  const reading = await openReading(all, registered);
  reading.world.store.epochs.set(`agent:${agentId("planner")}`, {
    epoch: 2 ** 32 + 2,
    blocked: false,
    quarantined: true,
  });
  return reading;
}

describe("an operator who looks at agents sees of a quarantined one", () => {
  test("that it is, in the list, and that its siblings are not", async () => {
    const { body } = await (await quarantined({ quarantine })).get("/agents");
    const standing = Object.fromEntries(
      body.items.map((one: { name: string; standing: object }) => [one.name, one.standing]),
    );
    expect(standing.planner).toEqual({ generation: 3, blocked: false, quarantined: true });
    expect(standing.triage).toEqual({ generation: 0, blocked: false, quarantined: false });
  });

  test("what it can do now: its profile's scopes, and no offer of them", async () => {
    const { body } = await (await quarantined({ quarantine })).get("/agents/planner");
    expect(new Set(body.can.map(({ scope }: { scope: string }) => scope))).toEqual(new Set(["tickets:read"]));
    const actions = body.can.flatMap((one: { actions: object }) => Object.keys(one.actions));
    expect([actions.includes("open"), actions.includes("offer")]).toEqual([true, false]);
    expect(body.getsNothingBecause).toEqual([]);
    expect(body.registration.may).toEqual(inBase("agent", "planner").may);
  });

  test("without a profile that it gets nothing, and why", async () => {
    const { body } = await (await quarantined()).get("/agents/planner");
    expect(body.can).toEqual([]);
    expect(body.getsNothingBecause).toEqual(["it is quarantined, and its registration names no profile for that"]);
  });
});
