import { serve } from "@hono/node-server";
import { callerOf, requireTool } from "@lanyard-iam/client/mcp";
import { createResourceServer } from "@lanyard-iam/client/verify";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";

const { ISSUER: issuer, RESOURCE: resource, PORT: port = "8080" } = process.env;

const guard = createResourceServer({ issuer, resource, mode: "offline", description: { scopes: ["orders:read"] } });
const guarded = requireTool({
  guard,
  tools: { read_order: ["orders:read"], refund_order: ["orders:read", "orders:refund"] },
});
const inputSchema = fromJsonSchema({ type: "object", properties: { order: { type: "string" } }, required: ["order"] });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "orders", version: "1.0.0" });
  for (const name of ["read_order", "refund_order"])
    server.registerTool(name, { inputSchema }, ({ order }, { http }) => {
      const { access } = callerOf(http?.authInfo);
      return { content: [{ type: "text", text: `${name} ${order} by ${access.agent}` }] };
    });
  return server;
});

serve({ fetch: guarded(handler), port: Number(port), hostname: "127.0.0.1" }, () => console.log("listening"));
