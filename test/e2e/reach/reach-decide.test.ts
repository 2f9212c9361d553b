import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgentCoreInterceptor, createGateway } from "../../../client/gateway.ts";
import type { AgentSession } from "../../../client/index.ts";
import { AccessError } from "../../../client/verify.ts";
import { awaitRecords } from "../../../local/demo/story/records.ts";
import { type Desk, nobodys, openDesk, orderIds, orders, toolCall, vault } from "./decide/desk.ts";

let desk: Desk;
let session: AgentSession;
const no = '{"decision":false}';
const all = { resource: orders, scopes: ["orders:read", "orders:refund"] };
beforeAll(async () => {
  desk = await openDesk();
  session = await desk.clerk.open({ grants: [all], renewable: true });
});
afterAll(() => desk?.close());

const asked = async (by: Desk["front"], body: object) => (await by.decide("evaluation", body)).decision;
const one = "/access/v1/evaluation";
describe("the decision point over HTTP, each function under its own rights", () => {
  it("is found by its own metadata, which names the issuer", async () => {
    const { issuer } = desk.world.endpoints;
    const document = (await (await fetch(`${issuer}/.well-known/authzen-configuration`)).json()) as Record<
      string,
      string
    >;
    expect(document).toMatchObject({ policy_decision_point: issuer, access_evaluation_endpoint: `${desk.url}${one}` });
  });

  it("answers gateway and server yes for a living session, and makes one record of each", async () => {
    expect(await asked(desk.front, toolCall(session.sid, "read_order", { order: "7" }))).toBe(true);
    expect(await asked(desk.orderApi, toolCall(session.sid, "refund_order"))).toBe(true);
    const mine = await awaitRecords(
      desk.world,
      (found) => found.filter(({ facts }) => facts.operation === "decide" && facts.sid === session.sid).length >= 2,
      20_000,
    );
    const told = mine.filter(({ facts }) => facts.operation === "decide" && facts.sid === session.sid);
    expect(told.map(({ facts }) => facts.outcome)).toEqual(["allowed", "allowed"]);
    expect(told.map(({ facts }) => facts.agent).sort()).toEqual([desk.front.agent, desk.orderApi.agent].sort());
  });

  it("finds a child session by its id alone, and answers no for it once its root was ended", async () => {
    const root = await desk.clerk.open({ grants: [all], renewable: true });
    const grants = [{ resource: orders, scopes: ["orders:read"] }];
    const { handle } = await root.offer({ to: desk.helper.agent, grants });
    const child = await desk.helper.redeem(handle, { expect: "anything" });
    expect(child.sid).not.toBe(root.sid);
    expect(await asked(desk.front, toolCall(child.sid, "list_orders"))).toBe(true);
    expect(await asked(desk.front, toolCall(child.sid, "refund_order"))).toBe(false);
    await root.end();
    expect(await asked(desk.front, toolCall(child.sid, "list_orders"))).toBe(false);
  });

  it("threat 41: answers no in one form about another's session, and about none", async () => {
    for (const body of [toolCall(session.sid, "read_order"), toolCall(nobodys(), "read_order")])
      for (const by of [desk.otherFront, desk.clerk])
        expect(await by.decide("evaluation", body)).toEqual({ decision: false });
  });

  it("threat 18: believes the role that IAM authenticated, and answers no to every other one", async () => {
    const body = toolCall(session.sid, "list_orders");
    expect(await desk.postAs("decide-front", `${desk.iamUrl}${one}`, body)).toEqual({
      status: 200,
      text: '{"decision":true}',
    });
    for (const role of ["decide-other-front", "somebody"])
      expect(await desk.postAs(role, `${desk.iamUrl}${one}`, body)).toEqual({ status: 200, text: no });
    expect((await desk.postAs(undefined, `${desk.iamUrl}${one}`, body)).status).toBe(403);
    expect((await desk.postAs(undefined, `${desk.url}${one}`, body)).status).toBe(401);
  });

  it("answers no to a megabyte of arguments, to a part of a body, and to a tool in another case", async () => {
    const big = JSON.stringify(toolCall(session.sid, "list_orders", { note: "x".repeat(1_000_000) }));
    const headers = { "content-type": "application/json" };
    const sent = await fetch(`${desk.url}${one}`, { method: "POST", headers, body: big });
    expect([sent.status, await sent.text()]).toEqual([200, no]);
    const partial = { ...headers, "x-envoy-auth-partial-body": "true" };
    const part = await fetch(`${desk.url}${one}`, {
      method: "POST",
      headers: partial,
      body: JSON.stringify(toolCall(session.sid, "list_orders")),
    });
    expect([part.status, await part.text()]).toEqual([200, no]);
    expect(await asked(desk.front, toolCall(session.sid, "List_Orders"))).toBe(false);
  });

  it("answers several questions and searches in one call each", async () => {
    const { subject, action } = toolCall(session.sid, "read_order");
    const resource = (id: string) => ({ type: "tool", id, properties: { server: orders } });
    const evaluations = ["read_order", "refund_order", "nothing"].map((id) => ({ resource: resource(id) }));
    expect(await desk.front.decide("evaluations", { subject, action, evaluations })).toEqual({
      evaluations: [{ decision: true }, { decision: true }, { decision: false }],
    });
    const found = await desk.front.decide("resource", {
      subject,
      action,
      resource: { type: "tool", properties: { server: orders } },
    });
    expect((found.results as { id: string }[]).map(({ id }) => id)).toEqual([
      "read_order",
      "list_orders",
      "refund_order",
    ]);
  });

  it("threat 24: of eight questions at one instant about three uses, three are answered yes", async () => {
    const counted = await desk.clerk.open({
      grants: [{ resource: vault, scopes: ["safe:open"] }],
      maxUses: 3,
      renewable: true,
    });
    const body = toolCall(counted.sid, "open_vault", {}, vault);
    await asked(desk.otherFront, toolCall(nobodys(), "open_vault", {}, vault));
    const answers = await Promise.all(Array.from({ length: 8 }, () => asked(desk.otherFront, body)));
    expect(answers.filter((yes) => yes)).toHaveLength(3);
  });

  it("answers no the moment a session, or its agent, was revoked", async () => {
    const mine = await desk.clerk.open({ grants: [all], renewable: true });
    const body = toolCall(mine.sid, "list_orders");
    expect(await asked(desk.front, body)).toBe(true);
    await mine.end();
    expect(await asked(desk.front, body)).toBe(false);
  });
});

describe("the client's guard for gateways", () => {
  /** What the clerk's session sends to a resource, caught on its way. */
  const sent = async (from: AgentSession, resource: string) => {
    await from.fetch(`${resource}/mcp`, { resource, method: "POST" });
    const headers = Object.fromEntries(desk.caught.at(-1) ?? expect.fail("nothing was sent"));
    return { method: "POST", url: "/mcp", headers };
  };
  const guardOf = (resource: string, by: Desk["front"], mode: "offline" | "introspect") =>
    createGateway({ issuer: desk.world.endpoints.issuer, resource, mode, agent: by, details: [orderIds] });

  it("stands before an AgentCore gateway as its interceptor, by the same token, proof and decision", async () => {
    const { issuer } = desk.world.endpoints;
    const details = [orderIds];
    const input = { issuer, resource: orders, mode: "offline", agent: desk.front, details } as const;
    const intercept = createAgentCoreInterceptor(input);
    const grants = [{ resource: orders, scopes: ["orders:read"], details: [{ type: "order-ids", orders: ["7"] }] }];
    const narrow = await desk.clerk.open({ grants, renewable: true });
    const event = async (name: string, args: object) => {
      const { headers } = await sent(narrow, orders);
      const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
      const gatewayRequest = { path: "/mcp", httpMethod: "POST", headers, body };
      return { interceptorInputVersion: "1.0", mcp: { rawGatewayRequest: { body: "" }, gatewayRequest } };
    };
    const shown = await event("read_order", { order: "7" });
    const { body } = shown.mcp.gatewayRequest;
    expect((await intercept(shown)).mcp).toEqual({ transformedGatewayRequest: { body } });
    const status = async (asked: object) => {
      const { mcp } = await intercept(asked);
      return "transformedGatewayResponse" in mcp ? mcp.transformedGatewayResponse.statusCode : "passed on";
    };
    // its proof was used
    expect(await status(shown)).toBe(401);
    expect(await status(await event("read_order", { order: "8" }))).toBe(403);
    expect(await status(await event("refund_order", { order: "7" }))).toBe(403);
    const unknown = { ...(await event("read_order", { order: "7" })) };
    const { dpop: _, ...headers } = unknown.mcp.gatewayRequest.headers as { readonly dpop?: string };
    const gatewayRequest = { ...unknown.mcp.gatewayRequest, headers };
    expect(await status({ ...unknown, mcp: { ...unknown.mcp, gatewayRequest } })).toBe(401);
  });

  it("verifies token and proof before it asks, asks about each call, and lists what may be called", async () => {
    const guard = guardOf(orders, desk.front, "offline");
    await expect(guard.authenticate({ method: "POST", url: "/mcp", headers: {} })).rejects.toBeInstanceOf(AccessError);
    const detail = { type: "order-ids", orders: ["7", "8"] };
    const grants = [{ resource: orders, scopes: ["orders:read"], details: [detail] }];
    const narrow = await desk.clerk.open({ grants, renewable: true });
    const request = await sent(narrow, orders);
    const caller = await guard.authenticate(request);
    expect(await caller.mayCall({ tool: "read_order", arguments: { order: "7" }, digest: "sha256:0" })).toBe(true);
    expect(await caller.mayCall({ tool: "read_order", arguments: { order: "9" } })).toBe(false);
    expect(await caller.mayCall({ tool: "list_orders" })).toBe(false);
    expect(await caller.mayCall({ tool: "refund_order" })).toBe(false);
    expect(await caller.tools()).toEqual(["read_order"]);
    await expect(guard.authenticate(request)).rejects.toBeInstanceOf(AccessError);
  });

  it("threat 24: spends one use for one call, where it introspects too", async () => {
    const grants = [{ resource: vault, scopes: ["safe:open"] }];
    const counted = await desk.clerk.open({ grants, maxUses: 2, renewable: true });
    const guard = guardOf(vault, desk.orderApi, "introspect");
    for (let call = 0; call < 2; call++)
      expect(await (await guard.authenticate(await sent(counted, vault))).mayCall({ tool: "open_vault" })).toBe(true);
    await expect(guard.authenticate(await sent(counted, vault))).rejects.toBeInstanceOf(AccessError);
  });
});
