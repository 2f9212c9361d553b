import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { run } from "../../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent, type KeyPair } from "../../../client/index.ts";
import { attested, createMcpProvider } from "../../../client/mcp.ts";
import { openEmbedded } from "../../../conformance/embedded.ts";
import { writeEndpoints } from "../../../local/demo/endpoints.ts";
import { listen } from "../../kit/wire/server.ts";
import { openFront } from "./front.ts";

const schema = fromJsonSchema({ type: "object", properties: { order: { type: "string" } } });
/** Whoever asks the server by the gateway says so: a server with two faces tells the two apart. */
const seenThrough = "x-seen-through";

/** Who says yes to changed tools signs in there; here she is proved by IAM. */
const people = "https://people.orders.example";

const agent = (name: string, more: object = {}) => ({
  ...{ kind: "agent", name, state: "active", owner: "tools@orders.example", sponsor: "tools@orders.example" },
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/tools/${name}` } }],
  ...more,
});

const rows = (resource: string) => {
  const all = [{ resource, scopes: ["orders:read", "orders:refund"] }];
  return [
    agent("clerk", { may: all, lends: all }),
    agent("order-api"),
    agent("front"),
    {
      ...{ kind: "resource", name: "orders", uri: resource, servedBy: "order-api", frontedBy: ["front"] },
      scopes: ["orders:read", "orders:refund"],
      toolChanges: { group: "orders-people/release" },
      tools: [
        { name: "read_order", scopes: ["orders:read"] },
        { name: "refund_order", scopes: ["orders:read", "orders:refund"] },
      ],
    },
    {
      ...{ kind: "trusted-issuer", name: "orders-people", purpose: "person", issuer: people, algorithms: ["ES256"] },
      groups: { claim: "groups", names: ["release"] },
    },
    {
      ...{ kind: "approver", name: "grace", groups: ["orders-people/release"] },
      person: { issuer: people, sub: "grace" },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the registry's variable
      iam: { uniqueId: "${releaseRoleId}", session: "grace" },
    },
    {
      ...{ kind: "policy", name: "tools-work" },
      cedar: `permit (principal, action, resource) when { resource == Resource::"${resource}" };`,
    },
  ];
};

/** What the MCP server says of itself: descriptions by name, or instead of its list any answer. */
export interface Face {
  readonly tools: Readonly<Record<string, string>>;
  readonly list?: (cursor: string | undefined) => object;
}

/** An MCP server of the official SDK that shows the faces it is told to, and what it was called for. */
async function openServer() {
  const faces: { all: Face; gateway?: Face } = { all: { tools: {} } };
  const called: string[] = [];
  const faceFor = (through: unknown) => (through === "gateway" ? (faces.gateway ?? faces.all) : faces.all);
  const handlerOf = (face: Face) =>
    createMcpHandler(() => {
      const server = new McpServer({ name: "orders", version: "1.0.0" });
      for (const [name, description] of Object.entries(face.tools))
        server.registerTool(name, { description, inputSchema: schema }, () => {
          called.push(name);
          return { content: [{ type: "text", text: `${name} done` }] };
        });
      return server;
    });
  const { origin, close } = await listen(async ({ headers, body, method }) => {
    const face = faceFor(headers[seenThrough]);
    const { id, method: asked, params } = JSON.parse(body || "{}");
    if (face.list && asked === "tools/list")
      return {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id, result: face.list(params?.cursor) }),
      };
    const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const request = new Request("http://127.0.0.1/mcp", { method, headers: sent, ...(body ? { body } : {}) });
    const answer = await handlerOf(face).fetch(request);
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  });
  return { url: `${origin}/mcp`, faces, called, close };
}

/** The embedded cloud, an MCP server of the official SDK, a gateway before it, and an agent that calls through it. */
export async function openDesk() {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-tools-"));
  const server = await openServer();
  const front = await openFront();
  const resource = `${front.origin}/mcp`;
  const { world, close } = await openEmbedded(rows(resource));
  writeEndpoints(join(folder, ".lanyard"), world.endpoints);
  const { issuer, aws, agents } = world.endpoints;
  const start = (name: string, key?: KeyPair) => {
    const registered = agents[name];
    if (!registered) throw new Error(`no workload ${name}`);
    const evidence = awsStsWebIdentity({ ...aws, credentials: { ...registered.credentials } });
    return createAgent({ issuer, agent: registered.id, evidence, ...(key ? { key } : {}) });
  };
  const upstream = new Client({ name: "front", version: "1.0.0" });
  const requestInit = { headers: { [seenThrough]: "gateway" } };
  await upstream.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
  front.serve({ issuer, resource, agent: start("front"), upstream });
  const open: Client[] = [upstream];
  return {
    world,
    server,
    folder,
    /** Where a registry's folder is written. */
    registry: join(folder, "registry"),
    /** The agent's client, through the gateway. */
    async connected(): Promise<Client> {
      const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
      const client = attested({ agent: start("clerk", key), key });
      const scope = "orders:read orders:refund";
      const provider = await createMcpProvider({ server: resource, issuer, client, scope });
      const made = new Client({ name: "clerk", version: "1.0.0" });
      await made.connect(await provider.transport());
      open.push(made);
      return made;
    },
    /** Runs a command line as an operator of the running cloud. */
    async lanyard(...args: readonly string[]) {
      const [out, err]: [string[], string[]] = [[], []];
      const into = (lines: string[]) => (line: string) => void lines.push(line);
      const terminal = { out: into(out), err: into(err), ask: async () => true };
      const code = await run(args, { terminal, env: {}, folder });
      return { code, out: out.join("\n"), err: err.join("\n") };
    },
    async close() {
      for (const client of open) await client.close();
      await Promise.all([front.close(), server.close(), close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What {@link openDesk} opens. */
export type Desk = Awaited<ReturnType<typeof openDesk>>;
