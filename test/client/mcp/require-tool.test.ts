import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { callerOf, declaredTools, requireTool } from "../../../client/mcp.ts";
import { customers } from "../../kit/registry.ts";
import { createDeployment } from "../deployment.ts";
import { calling, openMcp, types } from "./ground.ts";

const tools = {
  list_customers: ["customers:read"],
  merge_customers: ["customers:read", "customers:notes"],
};

let deployment: ReturnType<typeof createDeployment> | undefined;
/** One deployment for all that never comes to its issuer. */
const offline = () => {
  deployment ??= createDeployment();
  return deployment;
};

/** Names and values of the first challenge. */
const challengeOf = (answer: Response) => answer.headers.get("www-authenticate") ?? "";

describe("requireTool, between the official client and the official server", () => {
  test("lets a client in that begins with nothing, and steps it up once to all that a tool needs", async () => {
    const mcp = await openMcp({ tools });
    const { session, connect } = await mcp.connect();
    await connect();
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(Object.keys(tools));
    const asked = () => mcp.sent.filter(({ form }) => form.has("grant_type")).map(({ form }) => form.get("scope"));
    await session.callTool({ name: "list_customers", arguments: {} });
    const before = asked().length;
    const answer = await session.callTool({ name: "merge_customers", arguments: { from: "1", to: "2" } });
    expect(answer.content).toEqual([{ type: "text", text: "merge_customers done" }]);
    expect(asked().slice(before)).toEqual(["customers:read customers:notes"]);
    expect(mcp.seen.at(-1)).toEqual({
      tool: "merge_customers",
      given: { from: "1", to: "2" },
      by: mcp.agentId("researcher"),
    });
  });

  test("names every scope of a batch together, and where to get a token, to whom has none", async () => {
    const mcp = await openMcp({ tools });
    const answer = await mcp.post(JSON.stringify([calling("list_customers"), calling("merge_customers", {}, 2)]));
    expect([answer.status, await answer.text()]).toEqual([401, ""]);
    expect(challengeOf(answer)).toContain('scope="customers:read customers:notes"');
    expect(challengeOf(answer)).toContain(`resource_metadata="${customers}/.well-known/oauth-protected-resource"`);
    const metadata = await mcp.answer(new Request(`${customers}/.well-known/oauth-protected-resource`));
    expect(await metadata.json()).toMatchObject({ resource: customers, dpop_bound_access_tokens_required: true });
  });

  test("does nothing of a batch when one call of it goes too far", async () => {
    const mcp = await openMcp({ tools });
    const { session, connect, provider } = await mcp.connect("researcher", { scope: "customers:read" });
    await connect();
    await session.listTools();
    const sent = mcp.seen.length;
    // the SDK sends no batches; the provider's own fetch carries one
    const dpop = await provider.dpop?.();
    const tokens = await provider.tokens();
    const accessToken = String(tokens?.access_token);
    const proof = String(await dpop?.buildProof({ htm: "POST", htu: mcp.url, accessToken }));
    const both = JSON.stringify([calling("list_customers"), calling("merge_customers", {}, 2)]);
    const answer = await mcp.post(both, { authorization: `DPoP ${accessToken}`, dpop: proof });
    expect([answer.status, challengeOf(answer).match(/scope="([^"]*)"/)?.[1]]).toEqual([
      403,
      "customers:read customers:notes",
    ]);
    expect(mcp.seen.length).toBe(sent);
  });

  test("calls no tool that has no rule, whatever case or ancestor its name has", async () => {
    const mcp = await openMcp({ tools });
    const { session, connect } = await mcp.connect();
    await connect();
    for (const name of ["LIST_CUSTOMERS", "list_customers ", "constructor", "__proto__", "toString", "drop"])
      await expect(session.callTool({ name, arguments: {} }), name).rejects.toThrow(/Unknown tool/);
    expect(mcp.seen).toEqual([]);
  });

  test.each([
    ["a member named twice", `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}`],
    ["no JSON", "{"],
    ["no UTF-8", "\u0000\ud800"],
    ["no message", "[]"],
    ["too many messages", JSON.stringify(Array.from({ length: 17 }, (_, id) => calling("list_customers", {}, id)))],
    ["arguments that are a list", JSON.stringify(calling("list_customers", []))],
    ["a method of no rule", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/read", params: {} })],
    ["deep arguments", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${"[".repeat(200)}${"]".repeat(200)}}`],
  ])("refuses %s, and tells a stranger no more than to get a token", async (_, body) => {
    const mcp = await openMcp({ tools });
    expect((await mcp.post(body)).status).toBe(401);
    const { session, connect, provider } = await mcp.connect();
    await connect();
    await session.listTools();
    const accessToken = String((await provider.tokens())?.access_token);
    const proof = String(await (await provider.dpop?.())?.buildProof({ htm: "POST", htu: mcp.url, accessToken }));
    const answer = await mcp.post(body, { authorization: `DPoP ${accessToken}`, dpop: proof });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: { code: number } }).error.code).toBeLessThan(-32_000);
    expect(mcp.seen).toEqual([]);
  });

  const near = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .record({
        jsonrpc: fc.constantFrom("2.0", "1.0", 2),
        id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
        method: fc.oneof(fc.constantFrom("tools/call", "tools/list", "initialize", "resources/read"), fc.string()),
        params: fc.oneof(
          fc.record({ name: fc.oneof(fc.constantFrom("list_customers"), fc.string()), arguments: fc.jsonValue() }),
          fc.jsonValue(),
        ),
      })
      .map((message) => JSON.stringify(message)),
  );
  test.prop([fc.constantFrom("POST", "PUT", "DELETE", "GET"), near, fc.string()])(
    "lets nobody through to the server who shows no token, whatever is sent",
    async (method, body, authorization) => {
      const reached: string[] = [];
      const handler = { fetch: async () => new Response(String(reached.push(body))) };
      const guard = (await offline()).server(customers);
      const headers = new Headers();
      if (/^[\x21-\x7e]+$/.test(authorization)) headers.set("authorization", authorization);
      const sent = method === "GET" ? { method, headers } : { method, headers, body };
      const answer = await requireTool({ guard, tools })(handler)(new Request(`${customers}/mcp`, sent));
      expect([answer.status >= 400, reached]).toEqual([true, []]);
    },
  );

  test("refuses a body beyond its bound before it reads a token, however its length is told", async () => {
    const mcp = await openMcp({ tools });
    const long = JSON.stringify(calling("list_customers", { note: "x".repeat(1_000_000) }));
    expect((await mcp.post(long)).status).toBe(413);
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const endless = new Request(mcp.url, { method: "POST", body: chunks, duplex: "half" } as RequestInit);
    expect((await mcp.answer(endless)).status).toBe(413);
  });
});

describe("rules", () => {
  const declared = declaredTools(
    [
      {
        name: "read_customers",
        scopes: ["customers:read"],
        details: { "customer-record": { customers: "/ids", maxRecords: "/page/size", path: "/path" } },
      },
      { name: "count_customers", scopes: ["customers:read"] },
    ],
    types,
  );
  const restricted = [{ type: "customer-record", customers: ["42"], maxRecords: 5, path: "/eu" }];

  test("as the registry declares them: arguments are held against the token's details, and a refusal says what to ask for", async () => {
    const mcp = await openMcp({ tools: declared }, { details: types });
    const { session, connect } = await mcp.connect("planner");
    await connect();
    const read = (given: object) => session.callTool({ name: "read_customers", arguments: { ...given } });
    const forms = () => mcp.sent.filter(({ form }) => form.has("grant_type")).map(({ form }) => form);
    const given = { ids: ["42"], page: { size: 5 }, path: "/eu" };
    // its first token had no details: it may do everything in its scopes
    await read(given);
    expect(forms().every((form) => !form.has("authorization_details"))).toBe(true);
    const answer = await mcp.post(JSON.stringify(calling("read_customers", given)));
    expect([answer.status, await answer.json()]).toEqual([401, { authorization_details: restricted }]);
  });

  test("a restricted token is stepped up by the details that the refusal names, and a tool that names none is refused to it", async () => {
    const mcp = await openMcp({ tools: declared }, { details: types });
    const { session, connect } = await mcp.connect("triage", {
      details: [{ type: "customer-record", customers: ["1"], maxRecords: 1, path: "/us" }],
    });
    await connect();
    const call = (name: string, given: object) => session.callTool({ name, arguments: { ...given } });
    await call("read_customers", { ids: ["42"], page: { size: 5 }, path: "/eu/42" });
    await call("read_customers", { ids: ["43"], page: { size: 1 }, path: "/eu/43" });
    expect(mcp.seen.map(({ given }) => (given as { ids: string[] }).ids)).toEqual([["42"], ["43"]]);
    const details = mcp.sent.flatMap(({ form }) => form.get("authorization_details") ?? []);
    expect(details.map((text) => JSON.parse(text)[0].customers)).toEqual([["1"], ["42"], ["43"]]);
    await expect(call("count_customers", {})).rejects.toThrow(/insufficient_scope|Forbidden|403/);
    expect(mcp.seen).toHaveLength(2);
  });

  test("that throw, or name no scope, refuse the call and tell the application why", async () => {
    const told: unknown[] = [];
    const odd = {
      throwing: () => {
        throw new Error("of the application");
      },
      scopeless: () => ({ scopes: [] }),
      injecting: () => ({ scopes: ['a", error="x'] }),
    };
    const mcp = await openMcp({ tools: odd, onError: (cause) => told.push(cause) });
    const { session, connect } = await mcp.connect("researcher", { scope: "customers:read" });
    await connect();
    await session.listTools();
    for (const name of Object.keys(odd))
      await expect(session.callTool({ name, arguments: {} }), name).rejects.toThrow(/Invalid params/);
    expect(told.map((cause) => (cause as Error).message)).toEqual([
      "of the application",
      "a rule names scopes, and no other texts",
      "a rule names scopes, and no other texts",
    ]);
    expect(mcp.seen).toEqual([]);
  });

  test("that cannot be ones stop the server from starting", () => {
    const guard = { authenticate: () => Promise.reject(new Error()) };
    for (const wrong of [
      { tools: { empty: [] } },
      { tools: { spaced: ["a b"] } },
      { tools: {}, methods: { "tools/call": ["a"] } },
      { tools: {}, maxBodyBytes: 5_000_000 },
    ])
      expect(() => requireTool({ guard, ...wrong })).toThrow(TypeError);
    expect(() =>
      declaredTools([
        { name: "a", scopes: ["b"] },
        { name: "a", scopes: ["c"] },
      ]),
    ).toThrow(TypeError);
    expect(() => callerOf(undefined)).toThrow(TypeError);
  });
});
