import { beforeEach, describe, expect, test } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, inBase, tickets } from "../../kit/registry.ts";
import { dpopProof } from "../../kit/wire/key.ts";
import { tokenUrl } from "../../kit/world/tokens.ts";
import { type ApprovalWorld, approvalWorld, approver, bob, eve, outright, withApproval, writing } from "./ground.ts";

let it: ApprovalWorld;
beforeEach(async () => {
  it = await approvalWorld();
});
const code = () => it.records().at(-1)?.denial?.code;
const approved = async () => {
  const id = await it.waiting();
  it.say(id, bob);
  return id;
};
const policyRow = (cedar: string) => ({ kind: "policy", name: "with-approval", cedar }) as const;

describe("threat 55: an approval", () => {
  test("is not redeemed by another agent, nor by another key of the same agent, and neither learns that there is one", async () => {
    const id = await approved();
    const unknown = (await it.redeem(`ap_${"A".repeat(22)}`)).body;
    const researcher = await it.world.newAgent("researcher");
    expect((await it.redeem(id, researcher)).body).toEqual(unknown);
    const other = await it.world.newAgent("planner");
    expect(other.key.jkt).not.toBe(it.planner.key.jkt);
    expect((await it.redeem(id, other)).body).toEqual(unknown);
    expect(code()).toBe("approval_unknown");
    expect((await it.redeem(id)).status).toBe(200);
  });

  test("is used once, of a hundred calls at one instant", async () => {
    const id = await approved();
    it.approvals.poll = async () => true;
    const answers = await Promise.all(Array.from({ length: 100 }, () => it.redeem(id)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 200) expect(body.error).toBe("invalid_grant");
    expect(it.world.store.sessions.size).toBe(1);
  });

  test("is not used when somebody refuses it between the read and the write", async () => {
    const id = await approved();
    it.world.store.beforeLiveness = (nth) => {
      if (nth === 1) it.say(id, eve, { verdict: "refused" });
    };
    expect((await it.redeem(id)).body.error).toBe("access_denied");
    expect(it.world.store.sessions.size).toBe(0);
  });

  test("counts no person for whom it is, none twice, none who approved another request, and none who is blocked", async () => {
    const id = await it.waiting();
    const { principal } = it.pendingOf(id);
    it.say(id, principal.id);
    expect((await it.redeem(id)).body.error).toBe("authorization_pending");
    it.say(id, bob, { requestHash: "another" });
    it.world.time.seconds += 5;
    expect((await it.redeem(id)).body.error).toBe("authorization_pending");
    it.say(id, eve);
    it.world.store.epochs.set(`principal:${eve}`, { epoch: 1, blocked: true });
    it.world.time.seconds += 5;
    expect((await it.redeem(id)).body.error).toBe("authorization_pending");
    it.world.store.epochs.set(`principal:${eve}`, { epoch: 1, blocked: false });
    it.world.time.seconds += 5;
    expect((await it.redeem(id)).status).toBe(200);
  });

  test("counts nobody whom the registry does not have as an approver any more", async () => {
    const id = await approved();
    it.apply({ ...approver("bob"), groups: [] } as never);
    expect((await it.redeem(id)).body.error).toBe("authorization_pending");
    it.say(id, eve);
    it.world.time.seconds += 5;
    expect((await it.redeem(id)).status).toBe(200);
    expect(it.records().at(-1)).toMatchObject({ approvers: [eve] });
  });

  test("is not used by the replay of its redemption", async () => {
    const id = await approved();
    const proof = dpopProof(it.planner.key, { url: tokenUrl, atSeconds: it.world.time.seconds });
    it.approvals.poll = async () => true;
    const params = { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: id };
    expect((await it.world.send("token", it.planner, params, { proof })).status).toBe(200);
    expect((await it.world.send("token", it.planner, params, { proof })).status).toBe(400);
    expect((await it.world.send("token", it.planner, { ...params, auth_req_id: undefined })).body.error).toBe(
      "invalid_request",
    );
  });
});

describe("threat 56: a refused request", () => {
  test("is refused unasked for an hour, by every key, and asked about again after it", async () => {
    const id = await it.waiting();
    it.say(id, bob, { verdict: "refused" });
    const other = await it.world.newAgent("planner");
    for (const one of [it.planner, other]) {
      expect((await it.ask({ ...writing, purpose: "please" }, {}, one)).body.error).toBe("access_denied");
      expect(code()).toBe("approval_refused");
    }
    it.world.time.seconds += 3_600;
    expect((await it.ask()).body.error).toBe("authorization_pending");
  });

  test("is one of five that wait: the sixth is refused, and asks nobody", async () => {
    for (let n = 0; n < 5; n++) await it.waiting({ ...writing, lifetime_seconds: String(60 + n) });
    const { status, body } = await it.ask();
    expect([status, body.error, code()]).toEqual([403, "access_denied", "approvals_full"]);
  });
});

describe("threat 57: what is released is what was approved", () => {
  const stale = async (id: string) => {
    const { body } = await it.redeem(id);
    expect([body.error, code()]).toEqual(["approval_stale", "approval_stale"]);
    expect(it.world.store.sessions.size).toBe(0);
  };

  test("not by a policy of the same name that says something else since", async () => {
    const id = await approved();
    it.apply(policyRow("permit (principal, action, resource) when { true };"));
    await stale(id);
  });

  test("not by another policy, another group, more people, outright, or not at all", async () => {
    const verdicts = [
      { ...withApproval(it.needs), policies: ["with-approval", "another"] },
      withApproval([[{ group: "people/others", needed: 1 }]]),
      withApproval([[{ group: "people/deployers", needed: 2 }]]),
      outright,
      { allowed: false, policies: [], missing: { who: "agent" }, why: "no" } as const,
    ];
    it.apply({ kind: "policy", name: "another", cedar: "permit (principal, action, resource);" });
    const { engine } = it.world.policy;
    for (const [n, verdict] of verdicts.entries()) {
      it.world.policy.engine = engine;
      const id = await it.waiting({ ...writing, lifetime_seconds: String(60 + n) });
      it.say(id, bob);
      it.world.policy.engine = { decide: () => verdict };
      await stale(id);
    }
  });

  test("not by a scope whose resource means something else, nor a details type that compares otherwise", async () => {
    const id = await approved();
    it.apply({ ...inBase("resource", "tickets"), senderConstraint: "dpop" });
    await stale(id);
    const details = '[{"type":"ticket-queue","queue":["a"]}]';
    const other = await it.waiting({ ...writing, authorization_details: details });
    it.say(other, bob);
    it.apply({ ...inBase("details-type", "ticket-queue"), requiredFor: ["tickets:read"] });
    await stale(other);
  });

  test("not where the agent may no longer hold it, and what is another's is another request", async () => {
    const id = await approved();
    it.apply(agent("planner", { clients: inBase("agent", "planner").clients, may: [] }));
    await stale(id);
  });

  test("not where the person, the agent or the login was revoked meanwhile", async () => {
    for (const subject of [`principal:${it.pendingOf(await approved()).principal.id}`, `agent:${it.planner.id}`]) {
      const id = await approved();
      it.world.store.epochs.set(subject, { epoch: 1, blocked: true });
      expect([400, 403]).toContain((await it.redeem(id)).status);
      it.world.store.epochs.delete(subject);
      it.world.time.seconds += 5;
      expect(it.world.store.sessions.size).toBe(0);
    }
  });

  test("threat 32: not by a login that was burnt while people decided", async () => {
    const first = await it.ask({ resource: tickets, scope: "tickets:read" });
    const id = await approved();
    const root = decodeUnverified(first.body.access_token)?.payload.root as string;
    expect((await it.world.order({ revoke: { session: root }, reason: "stolen" })).status).toBe(200);
    const { body } = await it.redeem(id);
    expect([body.error, code()]).toEqual(["invalid_request", "person_token_burnt"]);
  });

  test("threat 35: ends with the person's token, and waits no longer than it", async () => {
    const id = await it.waiting(writing, { exp: it.world.time.seconds + 120 });
    expect(it.pendingOf(id).expiresAtSeconds).toBe(it.world.time.seconds + 120);
    it.world.time.seconds += 60;
    it.say(id, bob);
    expect((await it.redeem(id)).body.expires_in).toBe(60);
    const [session] = it.world.store.sessions.values();
    expect(session).toMatchObject({ expiresAtSeconds: it.world.time.seconds + 60 });
    const late = await it.waiting(writing, { exp: it.world.time.seconds + 120 });
    it.say(late, bob);
    it.world.time.seconds += 120;
    expect((await it.redeem(late)).body.error).toBe("expired_token");
  });

  test("threat 35: lives from the approval on where the registry says so, and never from its redemption", async () => {
    it.apply({ ...inBase("agent", "planner"), lifeFromApproval: true });
    const id = await it.waiting({ ...writing, lifetime_seconds: "240" }, { exp: it.world.time.seconds + 60 });
    it.world.time.seconds += 300;
    it.say(id, bob);
    it.world.time.seconds += 200;
    expect((await it.redeem(id)).body.expires_in).toBe(40);
    const late = await it.waiting({ ...writing, lifetime_seconds: "240" });
    it.say(late, bob);
    it.world.time.seconds += 240;
    expect((await it.redeem(late)).body.error).toBe("expired_token");
  });
});

describe("threat 55: what nobody can wait for is refused", () => {
  test("an offer, a renewal, and anything at all where the stage asks nobody", async () => {
    const { world, planner, needs } = it;
    const session = (await it.ask({ resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType }))
      .body.access_token;
    expect(session).toMatch(/^ey/);
    world.policy.engine = { decide: () => withApproval(needs) };
    const offer = { audience: (await world.newAgent("researcher")).id, requested_token_type: offerTokenType };
    const asked = { resource: tickets, scope: "tickets:read" };
    for (const params of [
      { ...offer, ...asked },
      { requested_token_type: sessionTokenType, lifetime_seconds: "900" },
    ]) {
      const { status, body } = await world.exchange(planner, session, sessionTokenType, params);
      expect([status, body.error, code()]).toEqual([403, "access_denied", "approval_elsewhere"]);
    }
    expect((await world.exchange(planner, session, sessionTokenType, asked)).body.error).toBe("authorization_pending");
    Object.assign(world.deps, { approvals: undefined });
    expect((await world.exchange(planner, session, sessionTokenType, asked)).status).toBe(403);
    expect(code()).toBe("approval_elsewhere");
    expect((await it.redeem(`ap_${"A".repeat(22)}`)).body.error).toBe("invalid_grant");
  });
});
