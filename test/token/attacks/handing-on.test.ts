import { describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, agentId, customers, idp, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import type { Params } from "../../kit/world/tokens.ts";
import {
  forTickets,
  open,
  own,
  planner,
  refused,
  refusedAsStolen,
  researcher,
  setUp,
  triage,
  world,
} from "./ground.ts";

setUp();

const offer = (session: string, to: string, more: Params = {}) =>
  world.exchange(planner, session, sessionTokenType, {
    audience: to,
    requested_token_type: offerTokenType,
    ...forTickets,
    ...more,
  });

const redeem = (by: TestAgent, handle: string, more: Params = {}) => world.exchange(by, handle, offerTokenType, more);

describe("an offer", () => {
  it("must name its scope", async () => {
    const session = await open();
    await refused(() => offer(session, researcher.id, { scope: undefined }), 400, "invalid_scope", "scope_missing");
  });
  it("is made to registered, active agents only", async () => {
    const session = await open();
    for (const to of [agentId("ghost"), agentId("sleeper"), "spiffe://agents.evil.example/agent/researcher", tickets])
      await refused(() => offer(session, to), 400, "invalid_target", "offer_target_unknown");
  });
  it("is never wider than its session", async () => {
    const session = await open();
    await refused(
      () => offer(session, researcher.id, { resource: customers, scope: "customers:notes" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
  it("lives minutes at most", async () => {
    const session = await open();
    await refused(
      () => offer(session, researcher.id, { lifetime_seconds: "601" }),
      400,
      "invalid_request",
      "lifetime_exceeds",
    );
  });
  it("threat 17: opens nothing for the wrong agent", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await refused(() => redeem(triage, handle), 400, "invalid_request", "offer_for_another_agent");
    expect((await redeem(researcher, handle)).status).toBe(200);
  });
  it("threat 17: opens nothing for a second key of the right agent", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await redeem(researcher, handle);
    const twin = await world.newAgent("researcher");
    await refused(() => redeem(twin, handle), 400, "invalid_request", "offer_redeemed_by_another_key");
  });
  it("goes to exactly one of two keys at one instant", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    const twin = await world.newAgent("researcher");
    const answers = await Promise.all([redeem(researcher, handle), redeem(twin, handle)]);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 400]);
    expect(world.store.sessions.size).toBe(2);
  });
  it("is refused when it is made up, shortened, expired or withdrawn", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token as string;
    for (const wrong of [
      "lyo_x",
      handle.slice(0, -1),
      `${handle.slice(0, -1)}${handle.endsWith("A") ? "B" : "A"}`,
      handle.replace("lyo_", ""),
    ])
      await refused(() => redeem(researcher, wrong), 400, "invalid_request", "offer_unknown");
    expect((await world.send("revoke", planner, { token: handle })).status).toBe(200);
    await refused(() => redeem(researcher, handle), 400, "invalid_request", "offer_withdrawn");
    const second = (await offer(await open(), researcher.id)).body.access_token;
    world.time.seconds += 121;
    await refused(() => redeem(researcher, second), 400, "invalid_request", "offer_expired");
  });
  it("gives no more than it holds", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await refused(
      () => redeem(researcher, handle, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
    await refused(
      () => redeem(researcher, handle, { lifetime_seconds: "901" }),
      400,
      "invalid_request",
      "lifetime_exceeds",
    );
  });
  it("is bounded by the redeeming agent's own registration", async () => {
    const session = await open();
    world.publish(2, agent("researcher", { may: [] }));
    const handle = (await offer(session, researcher.id)).body.access_token;
    await refused(() => redeem(researcher, handle), 400, "invalid_scope", "scope_exceeds");
  });
  it("threat 7: keeps the parent's constraint when the redeemer sends none, and refuses another", async () => {
    const session = await open({
      authorization_details: JSON.stringify([{ type: "customer-record", customers: ["42"] }]),
    });
    const handle = (await offer(session, researcher.id, { resource: customers, scope: "customers:read" })).body
      .access_token;
    const wider = JSON.stringify([{ type: "customer-record", customers: ["42", "43"] }]);
    await refused(
      () => redeem(researcher, handle, { authorization_details: wider }),
      400,
      "invalid_authorization_details",
      "details_exceed",
    );
    const child = await redeem(researcher, handle);
    expect(child.body.authorization_details).toEqual([{ type: "customer-record", customers: ["42"] }]);
  });
  it("dies with its parent before it is redeemed", async () => {
    const session = await open();
    const handle = (await offer(session, researcher.id)).body.access_token;
    await world.send("revoke", planner, { token: session });
    await refused(() => redeem(researcher, handle), 400, "invalid_request", "parent_dead");
  });
  it("goes no deeper than the strictest agent of the chain", async () => {
    // triage's registration allows depth 1
    const first = (await offer(await open(), triage.id)).body.access_token;
    const child = await redeem(triage, first, { requested_token_type: sessionTokenType });
    await refused(
      () =>
        world.exchange(triage, child.body.access_token, sessionTokenType, {
          audience: researcher.id,
          requested_token_type: offerTokenType,
          ...forTickets,
        }),
      400,
      "invalid_request",
      "depth_exceeded",
    );
  });
  it("is of an own session: a person's token or somebody else's offer cannot be offered on", async () => {
    await refused(
      () =>
        world.exchange(planner, world.idToken("planner-app"), idTokenType, {
          audience: researcher.id,
          requested_token_type: offerTokenType,
          ...forTickets,
        }),
      400,
      "invalid_request",
      "parameter_invalid",
    );
  });
});

describe("the next hop", () => {
  const shown = async (more: Params = {}) =>
    (await world.exchange(planner, await open(more), sessionTokenType, forTickets)).body.access_token;

  it("is refused to a server for a token of another resource", async () => {
    const wrong = await world.newAgent("customer-api");
    const token = await shown();
    await refusedAsStolen(
      () => world.exchange(wrong, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_request",
      "subject_token_not_yours",
    );
  });
  it("is refused beyond what the token entails", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown();
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:notes" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: tickets, scope: "tickets:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
  it("threat 7: is refused when a detail of the token does not carry over", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown({ authorization_details: JSON.stringify([{ type: "ticket-queue", queue: ["vip"] }]) });
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_authorization_details",
      "details_unmapped",
    );
  });
  it("is refused when the rule the person lent by was withdrawn since", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown();
    world.publish(2, {
      kind: "lending",
      name: "support-lends",
      issuer: idp,
      when: { claim: "groups", equals: "support" },
      lends: [{ resource: tickets, scopes: ["tickets:read"] }],
    });
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
});

it("threat 22: a registry change is live at the next request of an instance that never saw it", async () => {
  expect((await world.send("token", researcher, own)).status).toBe(200);
  world.publish(
    2,
    agent("researcher", { state: "suspended", lends: [{ resource: tickets, scopes: ["tickets:read"] }] }),
  );
  await refused(() => world.send("token", researcher, own), 401, "invalid_client", "agent_inactive");
});

it("answers 503 and issues nothing when liveness cannot be read", async () => {
  world.store.unreadable = true;
  await refused(() => world.send("token", researcher, own), 503, "temporarily_unavailable", "liveness_unavailable");
});

it("issues nothing when the record cannot be written", async () => {
  world.store.broken = true;
  await expect(world.send("token", researcher, own)).rejects.toThrow();
  expect(world.signers.session.signatures).toBe(0);
});
