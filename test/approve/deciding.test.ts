import { beforeEach, describe, expect, test } from "vitest";
import { personId } from "../../core/model/person-id.ts";
import { subjects } from "../../core/model/subjects.ts";
import { agentId, idp } from "../kit/registry.ts";
import { testKey } from "../kit/wire/key.ts";
import { caller, client, group, openApprove, rows } from "./ground.ts";

let on: Awaited<ReturnType<typeof openApprove>>;
beforeEach(async () => {
  on = await openApprove();
});

const votes = () => on.approvals.decisions.map(({ approver, verdict }) => [approver, verdict]);
/** Of the last refusal, which stands in a record of its own. */
const code = () => on.world.takeDenial().own?.denial.code;

describe("a person of the group", () => {
  test("sees what waits, everything that is approved, and what it could reach", async () => {
    const pending = on.waits();
    on.waits({ group: "people/support" });
    const { body: list } = await on.iam(caller("ada"), "/approvals");
    expect(list).toMatchObject({
      groups: [group],
      items: [{ id: pending.id, digest: pending.requestHash, approvals: 0 }],
    });
    expect(list.items).toHaveLength(1);
    const { body } = await on.iam(caller("ada"), on.pathOf(pending));
    expect(body).toMatchObject({
      digest: pending.requestHash,
      agent: agentId("planner"),
      grants: [{ scopes: ["tickets:write"], reaches: { tools: [], roles: [] } }],
      agentSays: "close them all",
      state: "open",
      you: { may: true },
    });
  });

  test("approves by IAM and by token, each recorded in the transaction that stores it", async () => {
    const pending = on.waits({ needed: 2 });
    expect(await on.say("ada", "approve", pending)).toMatchObject({ status: 200, body: { approvals: 1, needed: 2 } });
    expect(await on.sayBy(on.idToken("bob"), "approve", pending)).toMatchObject({ body: { approvals: 2, needed: 2 } });
    expect(votes()).toEqual([
      [personId(idp, "ada"), "approved"],
      [personId(idp, "bob"), "approved"],
    ]);
    const told = on.world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard);
    expect(told).toMatchObject([
      {
        operation: "approval.approve",
        approver: personId(idp, "ada"),
        approver_proof: "iam",
        operator_id: "AROAEXAMPLEEXAMPLE11",
      },
      {
        operation: "approval.approve",
        approver: personId(idp, "bob"),
        approver_proof: "token",
        approver_client: client,
      },
    ]);
    expect(told[0]).toMatchObject({
      target: `approval:${pending.id}`,
      approval_hash: pending.requestHash,
      agent: agentId("planner"),
    });
  });

  test("threat 58: is one approver by two ways, and of 2,000 answers at once", async () => {
    const pending = on.waits({ needed: 2 });
    const said = await Promise.all([
      on.say("ada", "approve", pending),
      on.sayBy(on.idToken("ada"), "approve", pending),
      ...Array.from({ length: 1_998 }, () => on.say("ada", "approve", pending)),
    ]);
    expect(said.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(said.find(({ status }) => status !== 200)?.body.error).toBe("approval_decided");
    expect(votes()).toHaveLength(1);
  });

  test("refuses for good: nobody approves what somebody refused", async () => {
    const pending = on.waits({ needed: 2 });
    await on.say("ada", "approve", pending);
    expect((await on.say("ada", "refuse", pending)).status).toBe(200);
    expect(await on.say("bob", "approve", pending)).toMatchObject({ status: 409, body: { error: "approval_over" } });
    const { body } = await on.iam(caller("bob"), on.pathOf(pending));
    expect(body).toMatchObject({ state: "refused", you: { may: false, why: "approval_over" } });
    expect((await on.iam(caller("bob"), "/approvals")).body.items).toEqual([]);
  });
});

describe("threat 58: nobody decides", () => {
  test("what was asked on his behalf, either way, by whichever way", async () => {
    const pending = on.waits({ principal: { id: personId(idp, "ada"), kind: "person" } });
    for (const verdict of ["approve", "refuse"] as const) {
      expect((await on.say("ada", verdict, pending)).status).toBe(403);
      expect(code()).toBe("approver_involved");
      expect((await on.sayBy(on.idToken("ada"), verdict, pending)).status).toBe(403);
    }
    expect(votes()).toEqual([]);
  });

  test("what an agent asks that he owns, wherever in the chain it stands", async () => {
    for (const actors of [[agentId("planner")], [agentId("planner"), agentId("researcher")]]) {
      const pending = on.waits({ agent: actors.at(-1) ?? "", actors });
      expect((await on.say("olga", "approve", pending)).body.error_description).toContain("you own an agent");
    }
    expect(
      (await on.say("olga", "approve", on.waits({ actors: [agentId("researcher")], agent: agentId("researcher") })))
        .status,
    ).toBe(200);
  });

  test("with a link alone: without a proof, with an agent's identity token, or a session's", async () => {
    const pending = on.waits();
    expect((await on.sayBy("", "approve", pending)).status).toBe(401);
    expect((await on.iam(undefined, on.pathOf(pending))).status).toBe(403);
    const planner = await on.world.newAgent("planner");
    expect((await on.sayBy(`Bearer ${planner.identity()}`, "approve", pending)).body.error).not.toBeUndefined();
    expect(votes()).toEqual([]);
    const { status } = await on.sayBy(on.idToken("eve", { groups: ["support"] }), "approve", pending);
    expect(status).toBe(404);
    expect(votes()).toEqual([]);
  });

  test.each([
    ["another session of the role", caller("eve")],
    [
      "a session whose ARN names another",
      caller("ada", { arn: "arn:aws:sts::111122223333:assumed-role/Approvers/eve" }),
    ],
    ["the role made anew under its name", caller("ada", { userId: "AROAEXAMPLEEXAMPLE99:ada" })],
    ["the account itself", caller("ada", { arn: "arn:aws:iam::111122223333:root", userId: "111122223333" })],
    [
      "a user of the name",
      caller("ada", { arn: "arn:aws:iam::111122223333:user/ada", userId: "AIDAEXAMPLEEXAMPLE11" }),
    ],
  ])("as somebody who is not registered: %s", async (_who, who) => {
    const pending = on.waits();
    expect((await on.iam(who, on.pathOf(pending), { verdict: "approve", shown: pending.requestHash })).status).toBe(
      403,
    );
    expect(code()).toBe("approver_unknown");
  });

  test("by a role that an agent is admitted by, or gets credentials of, whatever the registry says of it", async () => {
    const pending = on.waits();
    const asAgent = caller("ada", { arn: "arn:aws:sts::111122223333:assumed-role/planner/ada" });
    expect((await on.iam(asAgent, on.pathOf(pending))).status).toBe(403);
    expect(code()).toBe("approver_is_agent");
    on.world.publish(2, ...rows, {
      ...{ kind: "aws-role", name: "files", agents: ["researcher"], resource: "https://tickets.example", grants: [] },
      arn: "arn:aws:iam::111122223333:role/lanyard/target/Approvers",
    });
    expect((await on.say("ada", "approve", pending)).status).toBe(403);
    expect(code()).toBe("approver_is_agent");
  });

  test("by a token of another client, another provider, or one that is stale, forged or changed", async () => {
    const pending = on.waits();
    const shown = {
      agents: on.idToken("ada", {}, "planner-app"),
      two: on.idToken("ada", { aud: [client, "planner-app"] }),
      old: on.idToken("ada", { auth_time: on.world.time.seconds - 301 }),
      ageless: on.idToken("ada", { auth_time: undefined }),
      future: on.idToken("ada", { auth_time: on.world.time.seconds + 3_600 }),
      over: on.idToken("ada", { iat: on.world.time.seconds - 7_200, exp: on.world.time.seconds - 3_600 }),
      partner: `Bearer ${on.world.idToken(client, { groups: ["release"] }, "other")}`,
      changed: on.idToken("ada").replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      own: on.idToken("ada", { iss: on.world.ports.issuer }),
    };
    for (const [name, token] of Object.entries(shown)) {
      const { status } = await on.sayBy(token, "approve", pending);
      expect([name, status >= 400]).toEqual([name, true]);
    }
    expect(votes()).toEqual([]);
    expect((await on.sayBy(shown.old, "approve", pending)).body.error).toBe("insufficient_user_authentication");
    expect(
      (await on.sayBy(on.idToken("ada", { auth_time: on.world.time.seconds - 300 }), "approve", pending)).status,
    ).toBe(200);
  });

  test("after he was blocked, cut, or taken out of the registry meanwhile", async () => {
    const pending = on.waits({ needed: 3 });
    const ada = subjects.principal(personId(idp, "ada"));
    on.world.store.epochs.set(ada, { epoch: 1, blocked: true });
    expect((await on.say("ada", "approve", pending)).status).toBe(403);
    on.world.store.epochs.set(ada, { epoch: 1, blocked: false, cutAtSeconds: on.world.time.seconds });
    expect((await on.sayBy(on.idToken("ada"), "approve", pending)).status).toBeGreaterThanOrEqual(400);
    on.world.publish(2, ...rows.filter(({ name }) => name !== "bob"));
    expect((await on.say("bob", "approve", pending)).status).toBe(403);
    expect(votes()).toEqual([]);
  });
});

describe("a token that is bound to a key", () => {
  test("decides with a proof by that key, once, however long ago the person signed in", async () => {
    const pending = on.waits();
    const body = { verdict: "approve", shown: pending.requestHash };
    const { shown, dpop } = on.bound("ada", on.pathOf(pending));
    expect((await on.token(shown, on.pathOf(pending), body, { dpop })).status).toBe(200);
    const again = on.waits();
    expect((await on.token(shown, on.pathOf(again), { ...body, shown: again.requestHash }, { dpop })).status).toBe(400);
  });

  test("threat 58: decides neither without the proof, nor by another key, nor as a bearer token", async () => {
    const pending = on.waits();
    const [path, body] = [on.pathOf(pending), { verdict: "approve", shown: pending.requestHash }];
    const { shown, dpop } = on.bound("ada", path);
    const thief = on.bound("ada", path, await testKey());
    const outcomes = await Promise.all([
      on.token(shown, path, body),
      on.token(thief.shown, path, body, { dpop: thief.dpop }),
      on.token(shown.replace("DPoP", "Bearer"), path, body),
      on.token(shown.replace("DPoP", "Bearer"), path, body, { dpop }),
      on.token(on.idToken("ada").replace("Bearer", "DPoP"), path, body, { dpop }),
    ]);
    expect(outcomes.map(({ status }) => status >= 400)).toEqual([true, true, true, true, true]);
    expect(votes()).toEqual([]);
  });
});

describe("refusals in a row", () => {
  test("threat 59: quarantine the agent at the third, once, and an approval between begins the row anew", async () => {
    const standing = () => on.world.store.epochs.get(subjects.agent(agentId("planner")));
    const say = async (...verdicts: readonly ("approve" | "refuse")[]) => {
      for (const verdict of verdicts) expect((await on.say("ada", verdict, on.waits())).status).toBe(200);
    };
    await say("refuse", "refuse", "approve", "refuse", "refuse");
    expect(standing()?.quarantined).toBeUndefined();
    await say("refuse", "refuse");
    expect(standing()).toMatchObject({ quarantined: true });
    const told = on.world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard);
    expect(told.filter(({ operation }) => operation === "revoke")).toMatchObject([
      { target: `agent:${agentId("planner")}` },
    ]);
  });
});

describe("what is decided", () => {
  test("threat 59: is what was shown, by its digest", async () => {
    const [pending, other] = [on.waits(), on.waits()];
    const reply = await on.iam(caller("ada"), on.pathOf(pending), { verdict: "approve", shown: other.requestHash });
    expect(reply).toMatchObject({ status: 409, body: { error: "approval_changed" } });
    expect((await on.iam(caller("ada"), on.pathOf(pending), { verdict: "approve" })).status).toBe(400);
    expect(votes()).toEqual([]);
  });

  test("has not ended, was not used, and waits for a group of the person's", async () => {
    const [pending, used, foreign] = [on.waits(), on.waits(), on.waits({ group: "people/support" })];
    on.approvals.used.add(used.id);
    expect((await on.say("ada", "approve", used)).body.error).toBe("approval_over");
    const unknown = await on.say("ada", "approve", { ...pending, id: `ap_${"A".repeat(22)}` });
    expect(await on.say("ada", "approve", foreign)).toEqual(unknown);
    expect(unknown.status).toBe(404);
    on.world.time.seconds += 900;
    expect((await on.say("ada", "approve", pending)).body.error).toBe("approval_over");
    expect(votes()).toEqual([]);
  });

  test.each([
    ["another path", "/approvals/ap_1", 404],
    ["everything", "/", 404],
    ["a path within", "/approvals/x/y", 404],
  ])("is named by its own address: not %s", async (_what, path, status) => {
    expect((await on.iam(caller("ada"), path)).status).toBe(status);
  });
});
