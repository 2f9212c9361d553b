import { beforeEach, describe, expect, test } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { sessionTokenType } from "../../../core/model/wire.ts";
import { customers, tickets } from "../../kit/registry.ts";
import { type ApprovalWorld, approvalWorld, bob, deployers, eve, withApproval, writing } from "./ground.ts";

let it: ApprovalWorld;
beforeEach(async () => {
  it = await approvalWorld();
});

describe("a request that policy permits with approval", () => {
  test("waits: the answer says by which id, how often and how long, and nothing is released", async () => {
    const { status, body } = await it.ask({ ...writing, purpose: "deploy it" });
    expect([status, body]).toEqual([
      400,
      {
        error: "authorization_pending",
        error_description: expect.any(String),
        auth_req_id: expect.stringMatching(/^ap_[A-Za-z0-9_-]{22}$/),
        interval: 5,
        expires_in: 900,
      },
    ]);
    expect(it.world.store.sessions.size).toBe(0);
    const [asked] = it.records();
    expect(asked).toMatchObject({
      ...{ operation: "approval.ask", outcome: "allowed", agent: it.planner.id, approval: body.auth_req_id },
      ...{ approval_group: deployers, approval_needed: 1, approval_resources: [tickets] },
      grants: [{ resource: tickets, scopes: ["tickets:write"], details: [] }],
    });
    expect(it.pendingOf(body.auth_req_id)).toMatchObject({ purpose: "deploy it", policies: { "with-approval": /./ } });
    expect(JSON.stringify(it.pendingOf(body.auth_req_id))).not.toContain("eyJ");
  });

  test("is redeemed once it is approved: once, as exactly what was asked, with who approved on record", async () => {
    const id = await it.waiting({ ...writing, authorization_details: '[{"type":"ticket-queue","queue":["b","a"]}]' });
    it.world.time.seconds += 60;
    const early = await it.redeem(id);
    expect(early.body).toMatchObject({ error: "authorization_pending", auth_req_id: id, expires_in: 840 });
    it.say(id, bob);
    it.world.time.seconds += 5;
    const { status, body } = await it.redeem(id);
    expect([status, body.scope]).toEqual([200, "tickets:write"]);
    expect(body.authorization_details).toEqual([{ type: "ticket-queue", queue: ["b", "a"] }]);
    const claims = decodeUnverified(body.access_token)?.payload;
    expect(claims).toMatchObject({ aud: tickets, act: { sub: it.planner.id }, cnf: { jkt: it.planner.key.jkt } });
    const record = it.records().at(-1);
    expect(record).toMatchObject({ operation: "session.open", outcome: "allowed", approval: id, approvers: [bob] });
    it.world.time.seconds += 5;
    const again = await it.redeem(id);
    expect(again.body).toMatchObject({
      error: "invalid_grant",
      error_description: expect.stringContaining("was used"),
    });
    expect(it.records().at(-1)).toMatchObject({ outcome: "denied", denial: { code: "approval_used" } });
  });

  test("attaches when it is repeated, however it is spelt, and once more after it was used", async () => {
    const both = { resource: tickets, scope: "tickets:read tickets:write" };
    const id = await it.waiting(both);
    const spelt = { resource: `${tickets}/`, scope: "tickets:write  tickets:read", purpose: "other words" };
    expect(await it.waiting(spelt, { jti: "another", iat: it.world.time.seconds + 1 })).toBe(id);
    expect(it.records()).toHaveLength(1);
    const queue = (text: string) => ({ ...both, authorization_details: `[{"type":"ticket-queue","queue":${text}}]` });
    const queued = await it.waiting(queue('["a","b"]'));
    expect(await it.waiting(queue('["b","a"]'))).toBe(queued);
    expect(await it.waiting(queue('["A","b"]'))).not.toBe(queued);
    expect(await it.waiting({ ...both, lifetime_seconds: "60" })).not.toBe(id);
    it.say(id, bob);
    expect(await it.waiting(both)).toBe(id);
    expect((await it.redeem(id)).status).toBe(200);
    const next = await it.waiting(both);
    expect(next).not.toBe(id);
    it.world.time.seconds += 900;
    expect(await it.waiting(both)).not.toBe(next);
  });

  test("is asked about at once for the first time, then each five seconds: slow_down, and an approval is not lost by it", async () => {
    const id = await it.waiting();
    expect((await it.redeem(id)).body.error).toBe("authorization_pending");
    it.say(id, bob);
    expect((await it.redeem(id)).body.error).toBe("slow_down");
    it.world.time.seconds += 4;
    expect((await it.redeem(id)).body).toMatchObject({ error: "slow_down", auth_req_id: id, interval: 5 });
    it.world.time.seconds += 1;
    expect((await it.redeem(id)).status).toBe(200);
  });

  test("is refused for good by one person, and expires when nobody decides", async () => {
    const id = await it.waiting();
    it.say(id, bob, { verdict: "refused" });
    expect((await it.redeem(id)).body.error).toBe("access_denied");
    const other = await it.waiting({ ...writing, lifetime_seconds: "60" });
    it.world.time.seconds += 900;
    expect((await it.redeem(other)).body.error).toBe("expired_token");
  });

  test("waits as a whole, several resources in one session token", async () => {
    const id = await it.waiting({
      ...{ resource: [tickets, customers], scope: "tickets:write customers:read" },
      requested_token_type: sessionTokenType,
    });
    expect(it.pendingOf(id).grants).toHaveLength(2);
    it.say(id, bob);
    const { body } = await it.redeem(id);
    expect(body).toMatchObject({ issued_token_type: sessionTokenType, scope: "tickets:write customers:read" });
    const later = await it.world.exchange(it.planner, body.access_token, sessionTokenType, { resource: tickets });
    expect(later.status).toBe(200);
  });

  test("is an agent's own work too, and a next hop's", async () => {
    const { world } = it;
    world.policy.engine = { decide: () => withApproval(it.needs) };
    const researcher = await world.newAgent("researcher");
    const own = { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" };
    const { body } = await world.send("token", researcher, own);
    expect(body.error).toBe("authorization_pending");
    it.say(body.auth_req_id, bob);
    expect((await it.redeem(body.auth_req_id, researcher)).status).toBe(200);
  });

  test("waits for two groups at once for nobody, and for as many different people as it needs", async () => {
    const two = await approvalWorld([], { needed: 2 });
    const id = await two.waiting();
    two.say(id, bob);
    two.say(id, bob);
    expect((await two.redeem(id)).body.error).toBe("authorization_pending");
    two.say(id, eve);
    two.world.time.seconds += 5;
    expect((await two.redeem(id)).status).toBe(200);
    expect(two.records().at(-1)).toMatchObject({ approvers: expect.arrayContaining([bob, eve]) });
    const rules = [[{ group: "a/b", needed: 1 }], [{ group: "c/d", needed: 1 }]];
    two.world.policy.engine = { decide: () => withApproval(rules) };
    expect((await two.ask()).status).toBe(403);
    expect(two.records().at(-1)).toMatchObject({ denial: { code: "approval_groups_several" } });
  });

  test.each(["resource", "scope", "subject_token", "lifetime_seconds", "purpose", "requested_token_type"])(
    "is redeemed by its id alone: %s beside it is refused",
    async (name) => {
      const { body } = await it.redeem(await it.waiting(), it.planner, { [name]: "60" });
      expect(body).toMatchObject({ error: "invalid_request", error_description: expect.stringContaining(name) });
    },
  );
});
