import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, describe, expect, test } from "vitest";
import { personId } from "../../../core/model/person-id.ts";
import type { PolicyRegistration, Registration } from "../../../core/model/registry.ts";
import { accessTokenType, cibaGrant, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { createCedarEngine } from "../../../core/policy/cedar.ts";
import { sessionItem, sessionOf } from "../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { customers, idp, inBase, replacing, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const policy = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: text });
/** Everything outright, but writing tickets only by who signed in within five minutes. */
const rest = policy("rest", 'permit (principal, action, resource) unless { resource == Tool::"tickets:write" };');
const fresh = (annotations = '@max_age("300")', steps = "true") =>
  policy(
    "fresh",
    `${annotations} permit (principal, action == Action::"use", resource == Tool::"tickets:write") when { ${steps} };`,
  );
const writing = { resource: tickets, scope: "tickets:write" };
const asSession = { requested_token_type: sessionTokenType };

let world: World<Tokens>;
let planner: TestAgent;
let published: readonly Registration[];
async function start(...rows: readonly Registration[]) {
  published = [rest, fresh(), ...rows];
  world = await createWorld(published, tokens);
  world.policy.engine = createCedarEngine(cedar);
  planner = await world.newAgent("planner");
}
beforeEach(() => start());
const apply = (...rows: readonly Registration[]) => {
  published = replacing(published, rows);
  world.publish((world.store.deployment?.registryVersion ?? 0) + 1, ...published);
};

const ask = (claims: object = {}, params: Params = writing) =>
  world.exchange(planner, world.idToken("planner-app", claims), idTokenType, params);
const denial = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.denial;
/** Seconds pass. */
const pass = (seconds: number) => {
  world.time.seconds += seconds;
};
const old = () => ({ auth_time: world.time.seconds - 301 });

describe("a request for a person who signed in too long ago", () => {
  test("is refused with how young a sign-in must be, and granted with the token of a new one", async () => {
    const { status, body } = await ask(old());
    expect([status, body.error, body.max_age]).toEqual([400, "insufficient_user_authentication", 300]);
    expect(body).not.toHaveProperty("acr_values");
    expect(denial()).toMatchObject({ code: "sign_in_insufficient", resources: [tickets], policies: expect.any(Array) });
    expect((await ask()).status).toBe(200);
  });

  test.each([
    ["says no time", { auth_time: undefined }],
    ["says none by null", { auth_time: null }],
    ["is of a time to come", { auth_time: 4_000_000_000 }],
  ])("is refused where its token %s", async (_, claims) => {
    expect((await ask(claims)).body.error).toBe("insufficient_user_authentication");
  });

  test("is refused by the class of the sign-in too, which must be one text", async () => {
    apply(fresh('@acr("urn:example:gold urn:example:silver")'));
    for (const acr of [undefined, "urn:example:bronze", ["urn:example:gold"], "urn:example:gold urn:example:silver"]) {
      const { status, body } = await ask({ acr });
      expect([status, body.error]).toEqual([400, "insufficient_user_authentication"]);
      expect([body.acr_values, body.max_age]).toEqual(["urn:example:gold urn:example:silver", undefined]);
    }
    expect((await ask({ acr: "urn:example:silver" })).status).toBe(200);
  });

  test("is refused at once where any resource is plainly forbidden: nobody signs in for nothing", async () => {
    apply(policy("never", `forbid (principal, action == Action::"open", resource == Resource::"${customers}");`));
    const both = { ...asSession, resource: [tickets, customers], scope: "tickets:write customers:read" };
    expect((await ask(old(), both)).body.error).toBe("access_denied");
  });

  test("never says so to an agent on its own account, whom nobody can send to sign in", async () => {
    const reading = 'resource == Tool::"tickets:read"';
    apply(policy("rest", `permit (principal, action, resource) unless { ${reading} };`));
    apply(policy("fresh", `@max_age("300") permit (principal, action, ${reading});`));
    const researcher = await world.newAgent("researcher");
    const own = { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" };
    const { status, body } = await world.send("token", researcher, own);
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(denial().code).toBe("policy_denied");
  });
});

describe("a session of a person who signed in", () => {
  const open = async (claims: object = {}) => {
    const { body } = await ask(claims, { ...writing, ...asSession, lifetime_seconds: "600" });
    return String(body.access_token);
  };
  const access = (token: string, params: Params = writing) => world.exchange(planner, token, sessionTokenType, params);
  const renew = (token: string) =>
    world.exchange(planner, token, sessionTokenType, { ...asSession, lifetime_seconds: "500" });

  test("keeps when, so that its tokens and its renewal are granted for as long as policy wants, and no longer", async () => {
    const token = await open();
    pass(300);
    expect((await access(token)).status).toBe(200);
    pass(1);
    for (const { status, body } of [await access(token), await renew(token)])
      expect([status, body.error, body.max_age]).toEqual([400, "insufficient_user_authentication", 300]);
    // policy may say of which steps it wants that
    apply(
      fresh('@max_age("300")', 'context.step == "open"'),
      policy("later", fresh("", 'context.step != "open"').cedar),
    );
    expect((await access(token)).status).toBe(200);
    expect((await renew(token)).status).toBe(200);
  });

  test("hands it on: to whom it is offered to, and to a next hop", async () => {
    const researcher = await world.newAgent("researcher");
    apply({ ...inBase("agent", "researcher"), may: [{ resource: tickets, scopes: ["tickets:write"] }] });
    const token = await open();
    const offering = { ...writing, audience: researcher.id, requested_token_type: offerTokenType };
    const offer = (await access(token, offering)).body.access_token;
    const redeem = () => world.exchange(researcher, offer, offerTokenType, asSession);
    const child = (await redeem()).body.access_token;
    expect((await world.exchange(researcher, child, sessionTokenType, writing)).status).toBe(200);
    pass(301);
    const late = await world.exchange(researcher, child, sessionTokenType, writing);
    expect(late.body.error).toBe("insufficient_user_authentication");
    expect((await access(token, offering)).body.error).toBe("insufficient_user_authentication");
  });

  test("that was opened before any policy wanted it satisfies nothing: what is not kept is not assumed", async () => {
    apply(policy("fresh", fresh("").cedar));
    const token = await open();
    expect(JSON.stringify([...world.store.sessions.values()])).not.toContain("signIn");
    apply(fresh());
    expect((await access(token)).body.error).toBe("insufficient_user_authentication");
  });

  test("keeps it in whole seconds, down, and no class that no policy could name", async () => {
    await open({ auth_time: world.time.seconds - 0.5, acr: "a".repeat(129) });
    const [session] = [...world.store.sessions.values()];
    if (!session) throw new Error("no session");
    expect(session.signIn).toEqual({ atSeconds: world.time.seconds - 1 });
    const kept = { ...session, signIn: { atSeconds: 1, acr: "urn:example:gold" } };
    expect(sessionOf(sessionItem(kept)).signIn).toEqual(kept.signIn);
  });

  test("is of no use to who shows an access token of it to a server that goes on", async () => {
    apply(
      policy(
        "fresh-next",
        '@max_age("300") permit (principal, action == Action::"use", resource == Tool::"customers:read");',
      ),
    );
    apply(policy("rest", 'permit (principal, action, resource) unless { action == Action::"use" };'));
    const tickApi = await world.newAgent("ticket-api");
    apply(policy("reads", 'permit (principal, action == Action::"use", resource == Tool::"tickets:read");'));
    const signedIn = { auth_time: world.time.seconds - 290 };
    const opened = await ask(signedIn, { resource: tickets, scope: "tickets:read", ...asSession });
    const shown = (await access(opened.body.access_token, { resource: tickets, scope: "tickets:read" })).body
      .access_token;
    const hop = () => world.exchange(tickApi, shown, accessTokenType, { resource: customers, scope: "customers:read" });
    expect((await hop()).status).toBe(200);
    pass(11);
    expect((await hop()).body).toMatchObject({ error: "insufficient_user_authentication", max_age: 300 });
  });
});

describe("a request that waits for people too", () => {
  const people: Registration = {
    ...inBase("trusted-issuer", "people"),
    groups: { claim: "groups", names: ["support", "deployers"], absent: "none" },
  };
  const bob: Registration = {
    ...{
      kind: "approver",
      name: "bob",
      person: { issuer: idp, sub: "bob" },
      iam: { uniqueId: "AROA1", session: "bob" },
    },
    groups: ["people/deployers"],
  };
  beforeEach(() => start(people, bob, fresh('@max_age("300") @approval("people/deployers")')));

  test("waits for nobody before the sign-in is right, and is redeemed only while it still is", async () => {
    expect((await ask(old())).body.error).toBe("insufficient_user_authentication");
    expect(world.store.approvals.waits.size).toBe(0);
    for (const [after, said] of [
      [290, undefined],
      [301, "insufficient_user_authentication"],
    ] as const) {
      const { body } = await ask({}, { ...writing, lifetime_seconds: String(60 + after) });
      expect(body.error).toBe("authorization_pending");
      const pending = world.store.approvals.waits.get(body.auth_req_id);
      if (!pending) throw new Error("nothing waits");
      const { id: approval, requestHash, expiresAtSeconds } = pending;
      world.store.approvals.decisions.push({
        ...{
          approval,
          requestHash,
          expiresAtSeconds,
          approver: personId(idp, "bob"),
          verdict: "approved",
          proof: "iam",
        },
        ...{ uniqueId: "AROA1", sourceIdentity: "bob", atSeconds: world.time.seconds },
      });
      pass(after);
      const redeemed = await world.send("token", planner, { grant_type: cibaGrant, auth_req_id: approval });
      expect(redeemed.body.error).toBe(said);
    }
  });
});
