import * as mcpClient from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/client";
import * as mcpServer from "@modelcontextprotocol/server";
import { fromJsonSchema } from "@modelcontextprotocol/server";
import { beforeAll, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../../../client/evidence/aws-sts-web-identity.ts";
import * as lanyard from "../../../../client/index.ts";
import * as mcp from "../../../../client/mcp.ts";
import * as verify from "../../../../client/verify.ts";
import { documented } from "../../../client/page.ts";
import { type Desk, tools, types } from "./desk.ts";

const { linesOf, run } = documented("mcp.md", {
  "@modelcontextprotocol/client": mcpClient,
  "@modelcontextprotocol/server": mcpServer,
  "@lanyard-iam/client": lanyard,
  "@lanyard-iam/client/mcp": mcp,
  "@lanyard-iam/client/verify": verify,
});
const inputSchema = fromJsonSchema({ type: "object", properties: { order: { type: "string" } }, required: ["order"] });

/** The lines of docs/mcp.md, between the official client and the official server, by the running issuer. */
export function protocolCases(desk: () => Desk): void {
  const served = async () => {
    const { issuer, resource } = desk();
    const [server = ""] = linesOf("A server");
    return (await run(server, { issuer, resource, tools, types, inputSchema }, "fetch")) as mcp.GuardedMcp;
  };
  const connected = async (name: string) => {
    const { issuer, resource } = desk();
    const [lines = ""] = linesOf("A client");
    const { id, ...evidence } = desk().workload(name);
    const given = { issuer, id, server: resource, evidence: awsStsWebIdentity(evidence) };
    const client = (await run(lines, given, "client")) as Client;
    const call = async (tool: string, order: string) => {
      const { content } = await client.callTool({ name: tool, arguments: { order } });
      return (content as readonly { readonly text: string }[])[0]?.text;
    };
    return { client, call, id };
  };
  beforeAll(async () => desk().serve(await served()));

  it("an attested agent calls a tool of an official server, and steps up once to the scopes and details of the next", async () => {
    const { call, client, id } = await connected("clerk");
    expect(await call("read_order", "o-1")).toBe(`read_order o-1 for ${id}`);
    const before = desk().refused.length;
    expect(await call("refund_order", "o-1")).toBe(`refund_order o-1 for ${id}`);
    expect(desk().refused.slice(before)).toEqual([403]);
    expect(await call("read_order", "o-2")).toBe(`read_order o-2 for ${id}`);
    await client.close();
  });

  it("an agent that may not have what a tool needs is refused by the issuer, and the tool is not run", async () => {
    const { call, client } = await connected("reader");
    expect(await call("read_order", "o-1")).toContain("read_order o-1");
    await expect(call("refund_order", "o-1")).rejects.toThrow(/orders:refund|not .*(?:held|may|declared|granted)/);
    await client.close();
  });

  it("an agent whose every grant is to be restricted reads one order, then another, by a token for each", async () => {
    const { issuer, resource } = desk();
    const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const provider = await mcp.createMcpProvider({
      server: resource,
      issuer,
      client: mcp.attested({ agent: desk().start("narrow", key), key }),
      details: [{ type: "order-ids", orders: ["o-1"] }],
    });
    const client = new Client({ name: "narrow", version: "1.0.0" });
    await client.connect(await provider.transport());
    const read = (order: string) => client.callTool({ name: "read_order", arguments: { order } });
    const before = desk().refused.length;
    await read("o-1");
    await read("o-2");
    expect(desk().refused.slice(before)).toEqual([403]);
    await client.close();
  });

  it("the page's own rules answer as the declaration does", async () => {
    const { issuer, resource } = desk();
    const [, lines = ""] = linesOf("A server");
    const guard = verify.createResourceServer({ issuer, resource, mode: "offline", details: types });
    const guarded = (await run(lines, { guard }, "guarded")) as ReturnType<typeof mcp.requireTool>;
    const nothing = guarded({ fetch: async () => new Response() });
    const params = { name: "refund_order", arguments: { order: "o-1" } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const answer = await nothing(new Request(resource, { method: "POST", body }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain('scope="orders:read orders:refund"');
    expect(await answer.json()).toEqual({ authorization_details: [{ type: "order-ids", orders: ["o-1"] }] });
  });
}
