import { Client, type StreamableHTTPClientTransportOptions } from "@modelcontextprotocol/client";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import {
  attested,
  callerOf,
  createMcpProvider,
  type McpProviderInput,
  type RequireToolInput,
  requireTool,
} from "../../../client/mcp.ts";
import type { ResourceServerInput } from "../../../client/resource/resource-server.ts";
import { agentId, customers, inBase, registry } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";
import { createDeployment } from "../deployment.ts";

export const types = registry().detailsTypes(customers);

/** A tool's schema: what it takes is no matter of these tests. */
const anything = fromJsonSchema({ type: "object", additionalProperties: true });

/** The deployment takes forms as texts. */
const asText = (init: RequestInit | undefined): RequestInit =>
  init?.body instanceof URLSearchParams ? { ...init, body: init.body.toString() } : { ...init };

/** What each tool is called with, in order, and by whom. */
type Seen = { readonly tool: string; readonly given: unknown; readonly by: string }[];

function serverOf(names: readonly string[], seen: Seen): McpServer {
  const server = new McpServer({ name: "customers", version: "1.0.0" });
  for (const name of names)
    server.registerTool(name, { inputSchema: anything }, (given, context) => {
      seen.push({ tool: name, given, by: callerOf(context.http?.authInfo).access.agent });
      return { content: [{ type: "text", text: `${name} done` }] };
    });
  return server;
}

/**
 * The product in this process, with an MCP server of the official SDK at resource `customers`, guarded as `wanted`, and
 * clients of the official SDK.
 */
export async function openMcp(wanted: Omit<RequireToolInput, "guard">, guarding: Partial<ResourceServerInput> = {}) {
  const all = [{ resource: customers, scopes: ["customers:read", "customers:notes"] }];
  const cloud = await createDeployment(
    { ...inBase("agent", "researcher"), may: all, lends: all },
    { ...inBase("agent", "planner"), lends: all },
    { ...inBase("agent", "triage"), lends: all, requiresDetails: true },
  );
  // the SDK's proofs are made by this machine's clock
  cloud.time.seconds = Math.floor(Date.now() / 1000);
  const seen: Seen = [];
  const description = { scopes: ["customers:read"] };
  const guard = cloud.server(customers, { description, ...guarding });
  const names = Object.keys(wanted.tools);
  const handler = createMcpHandler(() => serverOf(names, seen));
  const answer = requireTool({ guard, ...wanted })(handler);
  const url = `${customers}/mcp`;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    return new URL(request.url).origin === customers ? answer(request) : cloud.fetch(request.url, asText(init));
  };
  const connect = async (
    name = "researcher",
    more: Partial<McpProviderInput> = {},
    options: StreamableHTTPClientTransportOptions = {},
  ) => {
    const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const client = attested({ agent: cloud.agent(name, { key }), key });
    const provider = await createMcpProvider({ server: url, issuer, client, fetch, ...more });
    const session = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
    const transport = await provider.transport(options);
    return { provider, session, transport, connect: () => session.connect(transport) };
  };
  /** A call of a tool as it goes over the wire, by nobody in particular. */
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    answer(new Request(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } }));
  return { ...cloud, answer, url, seen, connect, post, agentId, fetch };
}

export type Mcp = Awaited<ReturnType<typeof openMcp>>;

/** A call of a tool, as JSON-RPC. */
export const calling = (name: string, given: unknown = {}, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: given },
});
