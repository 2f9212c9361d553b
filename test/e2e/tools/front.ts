import type { Client } from "@modelcontextprotocol/client";
import { createGateway, createServedTools } from "../../../client/gateway.ts";
import type { LanyardAgent } from "../../../client/index.ts";
import { AccessError } from "../../../client/verify.ts";
import { type Answered, type Asked, listen } from "../../kit/wire/server.ts";

/** What a gateway stands on. */
interface FrontInput {
  readonly issuer: string;
  readonly resource: string;
  readonly agent: LanyardAgent;
  /** Its connection to the server that it fronts. */
  readonly upstream: Client;
}

const json = (body: object, status = 200): Answered => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ jsonrpc: "2.0", ...body }),
});

/** A gateway before an MCP server, as docs/tools.md has it: it asks about each call, and shows what may be shown. */
export async function openFront() {
  let answer: ((asked: Asked) => Promise<Answered>) | undefined;
  const { origin, close } = await listen((asked) => answer?.(asked) ?? { status: 503 });
  return {
    origin,
    close,
    serve({ issuer, resource, agent, upstream }: FrontInput) {
      const page = (cursor: string | undefined) =>
        upstream.request({ method: "tools/list", params: cursor === undefined ? {} : { cursor } });
      const served = createServedTools({ list: page, maxAgeSeconds: 0 });
      const description = { scopes: ["orders:read", "orders:refund"] };
      const gateway = createGateway({ issuer, resource, mode: "offline", agent, served, description });
      answer = async ({ method, target, headers, body }) => {
        if (target === new URL(gateway.metadata?.url ?? "").pathname)
          return { headers: { "content-type": "application/json" }, body: JSON.stringify(gateway.metadata?.document) };
        try {
          const caller = await gateway.authenticate({ method, url: target, headers });
          if (method !== "POST") return { status: 405 };
          const { id, method: asked, params } = JSON.parse(body);
          if (id === undefined) return { status: 202 };
          if (asked === "initialize")
            return json({
              id,
              result: {
                ...{ protocolVersion: params.protocolVersion, capabilities: { tools: {} } },
                serverInfo: { name: "front", version: "1.0.0" },
              },
            });
          if (asked === "tools/list") {
            const { tools } = await page(params?.cursor);
            return json({ id, result: { tools: await caller.shown(tools) } });
          }
          if (asked !== "tools/call") return json({ id, error: { code: -32_601, message: "Method not found" } });
          if (!(await caller.mayCall({ tool: params.name, arguments: params.arguments })))
            return json({ id, error: { code: -32_001, message: "Not permitted" } });
          return json({ id, result: await upstream.request({ method: asked, params }) });
        } catch (error) {
          if (!(error instanceof AccessError))
            return json({ id: null, error: { code: -32_002, message: String(error) } }, 503);
          const { status, headers: told, body: text } = error.reply;
          return { status, headers: told, body: text };
        }
      };
    },
  };
}
