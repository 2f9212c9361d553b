import { beforeEach, describe, expect, test } from "vitest";
import { createAgentKey } from "../../client/agent/agent-key.ts";
import type { AgentSession } from "../../client/agent/session.ts";
import type { ResourceRegistration } from "../../core/model/resource-registration.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { agentId, baseRows, customers, tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

const asking = (uri: string) =>
  baseRows.flatMap((r): ResourceRegistration[] =>
    r.kind === "resource" && r.uri === uri ? [{ ...r, introspecting: true }] : [],
  );
const longWork = baseRows.flatMap((r) =>
  r.kind === "agent" && r.name === "planner" ? [{ ...r, maxLifetimeSeconds: 7200 }] : [],
);
const grants = [{ resource: tickets, scopes: ["tickets:read"] }];

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment(...asking(tickets), ...asking(customers), ...longWork);
});

const forAda = () => ({ onBehalfOf: { idToken: cloud.idToken("planner-app") } });
const guard = (resource = tickets, name = "ticket-api") =>
  cloud.server(resource, { mode: "introspect", agent: cloud.agent(name) });

/** The request a call by `session.fetch` makes. */
const requestOf = async (session: AgentSession, resource = tickets) => {
  let headers = new Headers();
  cloud.intercept.answer = (sent) => {
    if (!sent.url.startsWith(resource)) return undefined;
    headers = sent.headers;
    return new Response("ok");
  };
  await session.fetch(`${resource}/things`, { resource });
  cloud.intercept.answer = undefined;
  return { method: "GET", url: "/things", headers };
};
const evaluate = async (server: ReturnType<typeof guard>, request: Awaited<ReturnType<typeof requestOf>>) => {
  const outcome = await outcomeOf(server.authenticate(request));
  return outcome.ok ? "accepted" : outcome.error.refusal.code;
};

describe("a resource that asks about every request", () => {
  test("lets a handle in that is proved by its key, and sees all a signed token would have said", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    expect(session).toMatchObject({ agent: agentId("planner"), depth: 0, root: session.sid });
    const { token } = await session.accessToken(tickets);
    expect(token).toMatch(/^lya_/);
    const outcome = await outcomeOf(guard().authenticate(await requestOf(session)));
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        access: {
          agent: agentId("planner"),
          principal: { id: session.principal },
          sid: session.sid,
          resource: tickets,
        },
        presentedAccessToken: token,
      },
    });
  });

  test("answers one request of a one-request session, and no second", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, maxUses: 1 });
    const server = guard();
    expect(await evaluate(server, await requestOf(session))).toBe("accepted");
    expect(await evaluate(server, await requestOf(session))).toBe("session_over");
  });

  test("spends no use on a request that fails by itself: replayed, for another URL, by another key, unproved", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, maxUses: 2 });
    const server = guard();
    const request = await requestOf(session);
    expect(await evaluate(server, request)).toBe("accepted");
    expect(await evaluate(server, request)).toBe("proof_replayed");
    const { authorization = "" } = Object.fromEntries(request.headers);
    expect(await evaluate(server, { ...request, url: "/others" })).toBe("proof_invalid");
    expect(await evaluate(server, { ...request, headers: new Headers({ authorization }) })).toBe("proof_missing");
    expect(cloud.sentTo(urls.introspect)).toHaveLength(1);
    expect(await evaluate(server, await requestOf(session))).toBe("accepted");
  });

  test("spends no use on a handle proved by a thief's own key", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, maxUses: 1 });
    const { token } = await session.accessToken(tickets);
    const thief = await createAgentKey();
    const url = `${tickets}/things`;
    const proof = await thief.prove({ method: "GET", url, nowSeconds: cloud.time.seconds, accessToken: token });
    const headers = new Headers({ authorization: `DPoP ${token}`, dpop: proof });
    expect(await evaluate(guard(), { method: "GET", url: "/things", headers })).toBe("session_over");
    expect(await evaluate(guard(), await requestOf(session))).toBe("accepted");
  });

  test("refuses a handle where it could only verify offline", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    expect(await evaluate(cloud.server(tickets), await requestOf(session))).toBe("token_invalid");
  });

  test.each([
    ["for another resource", { aud: customers }],
    ["by another issuer", { iss: "https://evil.example" }],
    ["that has expired", { exp: 1 }],
    ["that says nobody's key", { cnf: undefined }],
    ["for another key", { cnf: { jkt: "A".repeat(43) } }],
    ["without a client", { client_id: undefined }],
  ])("refuses an answer %s, though it says active", async (_, more) => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    const request = await requestOf(session);
    const api = cloud.agent("ticket-api");
    const { token } = await session.accessToken(tickets);
    const answer = { ...(await api.introspect(token)), ...more };
    const lying = { introspect: async () => JSON.parse(JSON.stringify(answer)) };
    expect(await evaluate(cloud.server(tickets, { mode: "introspect", agent: lying }), request)).not.toBe("accepted");
  });

  test("goes one hop on with the handle it was shown, and the next resource counts in the same tree", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, maxUses: 2 });
    const outcome = await outcomeOf(guard().authenticate(await requestOf(session)));
    if (!outcome.ok) throw new Error(outcome.error.refusal.code);
    const next = await cloud.agent("ticket-api").hop(outcome.value.presentedAccessToken, {
      grants: [{ resource: customers, scopes: ["customers:read"] }],
    });
    const server = guard(customers, "customer-api");
    expect(await evaluate(server, await requestOf(next, customers))).toBe("accepted");
    expect(await evaluate(server, await requestOf(next, customers))).toBe("session_over");
    expect(await evaluate(guard(), await requestOf(session))).toBe("session_over");
  });

  test("bounds what is handed on by the offer", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, renewable: true });
    const { handle } = await session.offer({ to: agentId("researcher"), grants, maxUses: 1 });
    const child = await cloud.agent("researcher").redeem(handle, { expect: "anything" });
    expect(await evaluate(guard(), await requestOf(child))).toBe("accepted");
    expect(await evaluate(guard(), await requestOf(child))).toBe("session_over");
  });
});

describe("long work", () => {
  test("goes on beyond the first end, without the person", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, renewable: true, lifetimeSeconds: 600 });
    cloud.time.seconds += 500;
    const { expiresAtSeconds } = await session.renew({ lifetimeSeconds: 3600 });
    expect(expiresAtSeconds).toBe(cloud.time.seconds + 3600);
    cloud.time.seconds += 3000;
    expect(await evaluate(guard(), await requestOf(session))).toBe("accepted");
  });

  test("gives a session that came as one access token a token of its own", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    await session.renew({ lifetimeSeconds: 1800 });
    cloud.time.seconds += 1200;
    expect(await evaluate(guard(), await requestOf(session))).toBe("accepted");
  });

  test("ends where the registration says, with the issuer's word for it", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants, renewable: true });
    await expect(session.renew({ lifetimeSeconds: 7201 })).rejects.toMatchObject({ status: 400 });
    await session.end();
    await expect(session.renew({ lifetimeSeconds: 1800 })).rejects.toMatchObject({ code: "session_over" });
  });

  test("takes no other session's token for its own", async () => {
    const planner = cloud.agent("planner");
    const open = () => planner.open({ ...forAda(), grants, renewable: true });
    const [one, two] = [await open(), await open()];
    let others = "";
    const { fetch } = cloud;
    cloud.intercept.answer = async ({ url, form, body, headers }) => {
      if (form.get("lifetime_seconds") === null || others !== "") return undefined;
      others = "asking";
      const answer = await fetch(url, { method: "POST", body, headers });
      others = await answer.clone().text();
      return answer;
    };
    await two.renew({ lifetimeSeconds: 1000 });
    cloud.intercept.answer = ({ form }) => (form.get("lifetime_seconds") === null ? undefined : new Response(others));
    await expect(one.renew({ lifetimeSeconds: 1000 })).rejects.toMatchObject({ code: "answer_malformed" });
  });
});
