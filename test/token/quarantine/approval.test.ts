import { expect, test } from "vitest";
import { sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, inBase, tickets } from "../../kit/registry.ts";
import { approvalWorld, bob, deployers, outright } from "../approvals/ground.ts";

const scopes = [{ resource: tickets, scopes: ["tickets:read"] }];
const reading = { resource: tickets, scope: "tickets:read" };
const asSession = { ...reading, requested_token_type: sessionTokenType };

async function quarantined(approval: { group: string; needed?: number } | undefined) {
  const quarantine = { scopes, ...(approval ? { approval } : {}) };
  const it = await approvalWorld([{ ...inBase("agent", "planner"), quarantine }]);
  it.world.policy.engine = { decide: () => outright };
  const order = { revoke: { agent: agentId("planner") }, quarantine: true, reason: "it asks for odd things" };
  return { ...it, quarantine: () => it.world.order(order) };
}

test("threat 54: with approval in its profile, a quarantined agent opens nothing that people have not approved", async () => {
  const it = await quarantined({ group: deployers });
  expect((await it.ask(asSession)).status).toBe(200);
  await it.quarantine();
  const id = await it.waiting(asSession);
  expect(it.pendingOf(id)).toMatchObject({ group: deployers, needed: 1 });
  expect((await it.redeem(id)).body.error).toBe("authorization_pending");
  it.say(id, bob);
  it.world.time.seconds += 5;
  const opened = await it.redeem(id);
  expect(opened.status).toBe(200);
  // the session was approved: its tokens are not asked for again
  const session = opened.body.access_token;
  expect((await it.world.exchange(it.planner, session, sessionTokenType, reading)).status).toBe(200);
});

test("threat 54: what nobody can be asked for is refused then: a renewal", async () => {
  const it = await quarantined({ group: deployers });
  await it.quarantine();
  const id = await it.waiting(asSession);
  it.say(id, bob);
  const session = (await it.redeem(id)).body.access_token;
  it.world.time.seconds += 60;
  const renewal = { requested_token_type: sessionTokenType, lifetime_seconds: "840" };
  expect((await it.world.exchange(it.planner, session, sessionTokenType, renewal)).status).toBeGreaterThanOrEqual(400);
  expect(it.records().at(-1)?.denial?.code).toBe("approval_elsewhere");
});

test("threat 54: an approval of before the quarantine opens nothing beyond the profile, and nothing by fewer people", async () => {
  const it = await quarantined({ group: deployers, needed: 2 });
  it.world.policy.engine = {
    decide: () => ({
      ...{ allowed: false, policies: ["with-approval"], missing: { who: "agent" }, why: "with approval" },
      needs: [[{ group: deployers, needed: 1 }]],
    }),
  };
  const id = await it.waiting(asSession);
  it.say(id, bob);
  await it.quarantine();
  expect((await it.redeem(id)).status).toBeGreaterThanOrEqual(400);
  expect(it.records().at(-1)?.denial?.code).toBe("approval_stale");
});

test("a profile without approval opens by policy alone", async () => {
  const it = await quarantined(undefined);
  await it.quarantine();
  expect((await it.ask(asSession)).status).toBe(200);
});
