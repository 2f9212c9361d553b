import { describe, expect, test } from "vitest";
import { createAgentCoreInterceptor } from "../../client/gateway.ts";

const handle = `lya_${"a".repeat(22)}.${"b".repeat(43)}`;
const alive = {
  ...{ active: true, iss: "https://id.example", aud: "https://tools.example", exp: 4_000_000_000 },
  ...{ sub: "spiffe://a.example/agent/x", client_id: "spiffe://a.example/agent/x", sid: "s", root: "r", jti: "j" },
  ...{ depth: 0, assurance: "fresh", scope: "tools:use" },
};

/** An interceptor whose decision point answers `decision`, with what was asked and what was told of refusals. */
function made(decision: unknown = true) {
  const asked: { readonly resource: { readonly id: string }; readonly action: unknown }[] = [];
  const told: unknown[] = [];
  const intercept = createAgentCoreInterceptor({
    issuer: "https://id.example",
    resource: "https://tools.example",
    mode: "introspect",
    agent: {
      introspect: async () => alive,
      decide: async (_, question) => {
        asked.push(question as (typeof asked)[number]);
        if (decision instanceof Error) throw decision;
        return { decision };
      },
    },
    acceptBearer: true,
    refused: (why) => told.push(why),
  });
  return { intercept, asked, told };
}

const call = (name: string, args?: unknown) => ({
  ...{ jsonrpc: "2.0", id: 7, method: "tools/call" },
  params: { name, ...(args === undefined ? {} : { arguments: args }) },
});
const event = (body: unknown, more: object = {}) => ({
  interceptorInputVersion: "1.0",
  mcp: {
    rawGatewayRequest: { body: JSON.stringify(body) },
    gatewayRequest: {
      ...{ path: "/mcp", httpMethod: "POST", headers: { authorization: `Bearer ${handle}` }, body },
      ...more,
    },
  },
});
const passed = (body: unknown) => ({
  interceptorOutputVersion: "1.0",
  mcp: { transformedGatewayRequest: { body } },
});
/** Status and JSON-RPC code of a response given instead; fails for one that lets the request on. */
const refused = ({ mcp }: Awaited<ReturnType<ReturnType<typeof made>["intercept"]>>) => {
  if (!("transformedGatewayResponse" in mcp)) return "passed on";
  const { statusCode, body } = mcp.transformedGatewayResponse;
  return [statusCode, (body as { readonly error: { readonly code: number } }).error.code];
};

describe("the interceptor of an AgentCore gateway", () => {
  test("passes on a permitted call as the very value that was asked about, and nothing of the caller's headers", async () => {
    const { intercept, asked } = made();
    const body = call("desk___read_order", { order: "7" });
    const shown = event(body);
    const answer = await intercept({
      ...shown,
      mcp: { ...shown.mcp, rawGatewayRequest: { body: JSON.stringify(call("desk___refund_order")) } },
    });
    expect(answer).toEqual(passed(body));
    expect(asked).toMatchObject([
      {
        action: { name: "tools/call", properties: { arguments: { order: "7" } } },
        resource: { type: "tool", id: "desk___read_order", properties: { server: "https://tools.example" } },
      },
    ]);
  });

  test("asks about a call without arguments as one with none", async () => {
    const { intercept, asked } = made();
    expect(await intercept(event(call("t")))).toEqual(passed(call("t")));
    expect(asked[0]?.action).toEqual({ name: "tools/call", properties: { arguments: {} } });
  });

  test.each(["initialize", "ping", "tools/list", "notifications/initialized"])(
    "lets %s pass with a token, and asks nothing",
    async (method) => {
      const { intercept, asked } = made(false);
      const body = { jsonrpc: "2.0", id: 1, method };
      expect(await intercept(event(body))).toEqual(passed(body));
      expect(refused(await intercept(event(body, { headers: {} })))).toEqual([401, -32_001]);
      expect(asked).toEqual([]);
    },
  );

  test("answers a call that is not permitted by 403, with the call's own id", async () => {
    const { intercept } = made(false);
    const answer = await intercept(event(call("t")));
    expect(refused(answer)).toEqual([403, -32_001]);
    expect(answer.mcp).toMatchObject({ transformedGatewayResponse: { body: { jsonrpc: "2.0", id: 7 } } });
  });

  test("answers who shows no token by the guard's own challenge", async () => {
    const { intercept, told } = made();
    const answer = await intercept(event(call("t"), { headers: {} }));
    expect(answer.mcp).toMatchObject({
      transformedGatewayResponse: {
        statusCode: 401,
        headers: { "WWW-Authenticate": expect.stringMatching(/^Bearer .*, DPoP .*algs=/) },
      },
    });
    expect(told).toHaveLength(1);
  });

  test.each([
    ["a batch", [call("t"), call("u")], [400, -32_600]],
    ["an empty batch", [], [400, -32_600]],
    ["no object", "tools/call", [400, -32_600]],
    ["nothing", undefined, [400, -32_600]],
    ["a method in another case", { jsonrpc: "2.0", id: 1, method: "Tools/Call", params: {} }, [400, -32_601]],
    ["a method that no rule speaks of", { jsonrpc: "2.0", id: 1, method: "resources/read" }, [400, -32_601]],
    ["a method of Object", { jsonrpc: "2.0", id: 1, method: "constructor" }, [400, -32_601]],
    ["a call without a name", { jsonrpc: "2.0", id: 1, method: "tools/call" }, [400, -32_602]],
    ["a call whose name is a list", call(["t"] as unknown as string), [400, -32_602]],
    ["arguments that are a list", call("t", ["a"]), [400, -32_602]],
    ["arguments that are null", call("t", null), [400, -32_602]],
  ])("threat 62: never passes on %s, and asks nothing about it", async (_, body, answer) => {
    const { intercept, asked } = made();
    expect(refused(await intercept(event(body)))).toEqual(answer);
    expect(asked).toEqual([]);
  });

  test.each([
    ["no headers, since passRequestHeaders is off", event(call("t"), { headers: undefined })],
    ["no path", event(call("t"), { path: undefined })],
    ["an address of somebody else's as path", event(call("t"), { path: "https://evil.example/mcp" })],
    ["a target that is not MCP", { interceptorInputVersion: "1.0", http: { gatewayRequest: {} } }],
    ["a version that is not known", { ...event(call("t")), interceptorInputVersion: "2.0" }],
    ["a response", { ...event(call("t")), mcp: { ...event(call("t")).mcp, gatewayResponse: { statusCode: 200 } } }],
    ["nothing at all", undefined],
  ])("threat 62: answers 503 to an event with %s, and does not throw", async (_, shown) => {
    const { intercept, asked, told } = made();
    expect(refused(await intercept(shown))).toEqual([503, -32_002]);
    expect(asked).toEqual([]);
    expect(told).toHaveLength(1);
  });

  test("threat 9: refuses two tokens under one header's name in two cases", async () => {
    const { intercept, asked } = made();
    const headers = { authorization: `Bearer ${handle}`, Authorization: `Bearer lya_${"z".repeat(22)}` };
    expect(refused(await intercept(event(call("t"), { headers })))).not.toBe("passed on");
    expect(asked).toEqual([]);
  });

  test.each([new Error("down"), "true", 1, {}, null])(
    "threat 62: answers 503, never a yes, where the decision point says %s",
    async (decision) => {
      const { intercept } = made(decision);
      expect(refused(await intercept(event(call("t"))))).toEqual([503, -32_002]);
    },
  );
});

describe("threat 66: the cost of a call through an AgentCore gateway", () => {
  const cost = { amountMinor: 40, currency: "EUR" };
  const spent = { error: "budget_spent", budget: "b", of: "agent", what: "EUR", left: 3, renews_at: 1_785_546_000 };
  const costing = (answers: { introspect?: object; decide?: object }, more: object = {}) => {
    const asked: unknown[][] = [];
    const intercept = createAgentCoreInterceptor({
      ...{ issuer: "https://id.example", resource: "https://tools.example", mode: "introspect", acceptBearer: true },
      costAtMost: ({ tool, arguments: given }) =>
        tool === "free" ? undefined : { ...cost, amountMinor: Number(given?.n ?? 40) },
      agent: {
        introspect: async (...of) => {
          asked.push(["introspect", of[1]]);
          return { ...alive, ...answers.introspect };
        },
        decide: async (api) => {
          asked.push(["decide", api]);
          return { decision: true, ...answers.decide };
        },
        settle: async (...of) => {
          asked.push(["settle", ...of]);
          return { cost: of[1] };
        },
      },
      ...more,
    });
    return { intercept, asked };
  };

  test("is reserved by its tool and arguments, and the target is told under what id, whatever the caller says", async () => {
    const { intercept, asked } = costing({ introspect: { report: "r1" } }, { reportHeader: "x-report" });
    const headers = { authorization: `Bearer ${handle}`, "x-report": "forged" };
    const answer = await intercept(event(call("t", { n: 7 }), { headers }));
    expect(answer.mcp).toEqual({
      transformedGatewayRequest: { headers: { "x-report": "r1" }, body: call("t", { n: 7 }) },
    });
    expect(asked[0]).toEqual(["introspect", { costAtMost: { amountMinor: 7, currency: "EUR" } }]);
    const free = await costing({}, { reportHeader: "x-report" }).intercept(event(call("free"), { headers }));
    expect(free.mcp).toMatchObject({ transformedGatewayRequest: { headers: { "x-report": "" } } });
  });

  test("that no budget has room for is answered with 429 and when it renews, from introspection and decision alike", async () => {
    for (const answers of [
      { introspect: { active: false, ...spent } },
      { decide: { decision: false, context: spent } },
    ]) {
      const { mcp } = await costing(answers).intercept(event(call("t")));
      expect(mcp).toMatchObject({
        transformedGatewayResponse: {
          statusCode: 429,
          headers: { "Retry-After": "Sat, 01 Aug 2026 01:00:00 GMT" },
          body: { id: 7, error: { message: "Budget spent" } },
        },
      });
      expect(JSON.stringify(mcp)).not.toContain("left");
    }
  });

  test("goes back for a call that is not permitted", async () => {
    const { intercept, asked } = costing({ introspect: { report: "r1" }, decide: { decision: false } });
    expect(refused(await intercept(event(call("t"))))).toEqual([403, -32_001]);
    expect(asked.at(-1)).toEqual(["settle", "r1", { amountMinor: 0, currency: "EUR" }]);
  });

  test("that the arguments make none of lets nothing pass", async () => {
    const { intercept } = costing({});
    expect(refused(await intercept(event(call("t", { n: "much" }))))).toEqual([503, -32_002]);
  });
});
