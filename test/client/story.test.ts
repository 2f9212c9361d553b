import { beforeEach, describe, expect, test } from "vitest";
import type { AgentSession } from "../../client/agent/session.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { sessionTokenType, spiffeAssertionType } from "../../core/model/wire.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { agentId, customers, registry, tickets } from "../kit/registry.ts";
import { issuer } from "../kit/world/ground.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment();
});

const grants = [
  { resource: tickets, scopes: ["tickets:read", "tickets:write"] },
  { resource: customers, scopes: ["customers:read"] },
];
const forAda = () => ({ onBehalfOf: { idToken: cloud.idToken("planner-app") } });

/** What a resource server sees of a call by `session.fetch`, and how it evaluates it. */
const callTo = async (session: AgentSession, resource: string, server = cloud.server(resource)) => {
  const seen: { url: string; init: RequestInit }[] = [];
  cloud.intercept.answer = ({ url, headers }) => {
    if (!url.startsWith(resource)) return undefined;
    seen.push({ url, init: { headers } });
    return new Response("ok");
  };
  await session.fetch(`${resource}/things?page=2`, { method: "POST", resource });
  cloud.intercept.answer = undefined;
  const headers = seen[0]?.init.headers as Headers;
  return outcomeOf(server.authenticate({ method: "POST", url: "/things?page=2", headers }));
};

test("a person's work goes through three agents, each narrower, and the last is seen as what it is", async () => {
  const planner = cloud.agent("planner");
  const researcher = cloud.agent("researcher");
  const session = await planner.open({ ...forAda(), grants, purpose: "ticket 42" });
  expect(session).toMatchObject({ agent: agentId("planner"), depth: 0, root: session.sid });

  const direct = await callTo(session, customers);
  expect(direct).toMatchObject({
    ok: true,
    value: { access: { agent: agentId("planner"), scopes: ["customers:read"], history: [] } },
  });

  const { handle } = await session.offer({
    to: agentId("researcher"),
    grants: [{ resource: tickets, scopes: ["tickets:read"] }],
  });
  const child = await researcher.redeem(handle, {
    expect: { offeredBy: agentId("planner"), principal: session.principal },
  });
  expect(child).toMatchObject({ root: session.root, depth: 1, principal: session.principal });

  const atTickets = await callTo(child, tickets);
  if (!atTickets.ok) throw new Error(atTickets.error.refusal.code);
  const { access, requires, presentedAccessToken } = atTickets.value;
  expect(access).toMatchObject({
    agent: agentId("researcher"),
    history: [agentId("planner")],
    scopes: ["tickets:read"],
    depth: 1,
  });
  expect(requires("tickets:read")).toBe(access);
  expect(await outcomeOf(() => requires("tickets:write"))).toMatchObject({
    ok: false,
    error: { reply: { status: 403 } },
  });

  const api = cloud.agent("ticket-api");
  const next = await api.hop(presentedAccessToken, { grants: [{ resource: customers, scopes: ["customers:read"] }] });
  const atCustomers = await callTo(next, customers);
  expect(atCustomers).toMatchObject({
    ok: true,
    value: { access: { agent: agentId("ticket-api"), history: [agentId("researcher"), agentId("planner")], depth: 2 } },
  });

  await session.end();
  const introspecting = cloud.server(customers, { mode: "introspect", agent: cloud.agent("customer-api") });
  expect(await callTo(next, customers, introspecting)).toMatchObject({
    ok: false,
    error: { refusal: { code: "session_over" } },
  });
});

test("an agent on its own opens with client credentials", async () => {
  const session = await cloud.agent("researcher").open({ grants: [{ resource: tickets, scopes: ["tickets:read"] }] });
  expect(session.principal).toBe(agentId("researcher"));
  expect(await callTo(session, tickets)).toMatchObject({
    ok: true,
    value: { access: { principal: { kind: "agent" } } },
  });
});

describe("the wire", () => {
  test("every call carries assertion and proof in the form the architecture names", async () => {
    await cloud.agent("planner").open({ ...forAda(), grants, purpose: "why", lifetimeSeconds: 600 });
    const [token] = cloud.sentTo(urls.token);
    const form = token?.form;
    expect(form?.getAll("resource")).toEqual([tickets, customers]);
    expect(form?.getAll("scope")).toEqual(["tickets:read tickets:write customers:read"]);
    expect(form?.get("requested_token_type")).toBe(sessionTokenType);
    expect(form?.get("client_assertion_type")).toBe(spiffeAssertionType);
    expect(form?.get("purpose")).toBe("why");
    expect(form?.get("lifetime_seconds")).toBe("600");
    expect(token?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    const proof = decodeUnverified(token?.headers.get("dpop") ?? "");
    expect(proof?.header).toMatchObject({ typ: "dpop+jwt", alg: "ES256", jwk: { kty: "EC" } });
    expect(Object.keys(proof?.header.jwk as object).sort()).toEqual(["crv", "kty", "x", "y"]);
    expect(proof?.payload).toMatchObject({ htm: "POST", htu: urls.token });
  });

  test("details go as one JSON array and come back in the token", async () => {
    const details = [{ type: "ticket-queue", queue: ["billing"] }];
    const session = await cloud.agent("planner").open({
      ...forAda(),
      grants: [{ resource: tickets, scopes: ["tickets:read"], details }],
    });
    const seen = await callTo(session, tickets, cloud.server(tickets, { details: registry().detailsTypes(tickets) }));
    expect(seen.ok && seen.value.access.details).toEqual(details);
  });

  test("a new proof is made for each call, never one twice", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    await Promise.all([
      session.accessToken(tickets),
      session.accessToken(customers),
      cloud.agent("planner").identity(),
    ]);
    await session.end();
    const ids = cloud.sent.flatMap(({ headers }) => decodeUnverified(headers.get("dpop") ?? "")?.payload.jti ?? []);
    expect(ids.length).toBeGreaterThan(4);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("the resource server's proof is for the URL without its query, and for this token", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    cloud.intercept.answer = ({ url }) => (url.startsWith(tickets) ? new Response("ok") : undefined);
    await session.fetch(`${tickets}/a?b=c#d`, { method: "put", resource: tickets });
    const call = cloud.sent.at(-1);
    expect(decodeUnverified(call?.headers.get("dpop") ?? "")?.payload).toMatchObject({
      htm: "PUT",
      htu: `${tickets}/a`,
    });
    expect(call?.headers.get("authorization")).toMatch(/^DPoP ey/);
  });
});

describe("what is kept", () => {
  test("one attestation serves many, until shortly before it expires", async () => {
    const planner = cloud.agent("planner");
    const all = await Promise.all(Array.from({ length: 20 }, () => planner.identity()));
    expect(new Set(all.map(({ token }) => token)).size).toBe(1);
    expect(cloud.sentTo(urls.attest)).toHaveLength(1);
    cloud.time.seconds += 260;
    await planner.identity();
    expect(cloud.sentTo(urls.attest)).toHaveLength(1);
    cloud.time.seconds += 15;
    await planner.identity();
    expect(cloud.sentTo(urls.attest)).toHaveLength(2);
  });

  test("one access token a resource and set of scopes, until shortly before it expires", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    const all = await Promise.all(Array.from({ length: 20 }, () => session.accessToken(tickets)));
    expect(new Set(all.map(({ token }) => token)).size).toBe(1);
    expect(cloud.sentTo(urls.token)).toHaveLength(2);
    const narrow = await session.accessToken(tickets, { scopes: ["tickets:read"] });
    expect(narrow.scopes).toEqual(["tickets:read"]);
    expect(cloud.sentTo(urls.token)).toHaveLength(3);
    cloud.time.seconds += 285;
    const renewed = await session.accessToken(tickets);
    expect(renewed.token).not.toBe(all[0]?.token);
    expect(renewed.expiresAtSeconds).toBe(cloud.time.seconds + 300);
  });

  test("a failed exchange is not kept", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants });
    cloud.intercept.answer = () => new Response("{}", { status: 503 });
    await expect(session.accessToken(tickets)).rejects.toMatchObject({ code: "unavailable", retryable: true });
    cloud.intercept.answer = undefined;
    expect((await session.accessToken(tickets)).scopes).toEqual(["tickets:read", "tickets:write"]);
  });

  test("a session of one grant renews from its latest token, and says so when it lapsed", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants: grants.slice(0, 1) });
    for (let i = 0; i < 2; i++) {
      cloud.time.seconds += 285;
      await session.accessToken(tickets);
    }
    expect(cloud.sentTo(urls.token)).toHaveLength(3);
    cloud.time.seconds += 301;
    await expect(session.accessToken(tickets)).rejects.toMatchObject({ code: "session_lapsed" });
  });

  test("a renewable session of one grant survives a long pause", async () => {
    const session = await cloud.agent("planner").open({ ...forAda(), grants: grants.slice(0, 1), renewable: true });
    cloud.time.seconds += 700;
    expect((await session.accessToken(tickets)).scopes).toEqual(["tickets:read", "tickets:write"]);
  });

  test("the metadata is asked for once, and never with pinned endpoints", async () => {
    const planner = cloud.agent("planner");
    await planner.open({ ...forAda(), grants });
    await planner.open({ ...forAda(), grants });
    const metadata = `${issuer}/.well-known/oauth-authorization-server`;
    expect(cloud.sentTo(metadata)).toHaveLength(1);
    await cloud.agent("planner", { endpoints: urls }).open({ ...forAda(), grants });
    expect(cloud.sentTo(metadata)).toHaveLength(1);
  });
});
