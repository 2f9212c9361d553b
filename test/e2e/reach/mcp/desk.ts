import type { JWK } from "jose";
import { awsStsWebIdentity } from "../../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent, type KeyPair } from "../../../../client/index.ts";
import { openEmbedded } from "../../../../conformance/embedded.ts";
import { listen } from "../../../kit/wire/server.ts";

/** An answer of the web as this machine's own server gives it. */
type Answer = (request: Request) => Promise<Response>;

const agent = (name: string, more: object = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "mcp@support-desk.example",
  sponsor: "mcp@support-desk.example",
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/mcp/${name}` } }],
  ...more,
});

/** What the registry says of the MCP server, and the server reads too. */
export const tools = [
  { name: "read_order", scopes: ["orders:read"], details: { "order-ids": { orders: "/order" } } },
  { name: "refund_order", scopes: ["orders:read", "orders:refund"], details: { "order-ids": { orders: "/order" } } },
];
export const types = [
  {
    name: "order-ids",
    schema: {
      type: "object",
      properties: { orders: { type: "array", items: { type: "string" } } },
      required: ["orders"],
      additionalProperties: false,
    },
    rules: { orders: "one_of" },
  },
] as const;

const key = (kid: string, { kty, crv, x, y }: JWK) => ({ kid, alg: "ES256", kty, crv, x, y });

function rows(resource: string, cardKey: JWK) {
  const all = [{ resource, scopes: ["orders:read", "orders:refund"] }];
  return [
    agent("clerk", { may: all, lends: all }),
    agent("narrow", { may: all, lends: all, requiresDetails: true }),
    agent("reader", { may: [{ resource, scopes: ["orders:read"] }], lends: [{ resource, scopes: ["orders:read"] }] }),
    agent("keeper"),
    agent("route-planner", { signsCards: true, keys: [key("cards-2026", cardKey)] }),
    { kind: "resource", name: "orders", uri: resource, servedBy: "keeper", scopes: all[0]?.scopes, tools },
    { kind: "details-type", resource, ...types[0] },
    {
      kind: "policy",
      name: "mcp-work",
      cedar: `permit (principal, action, resource) when { resource == Resource::"${resource}" };`,
    },
  ];
}

/** The embedded cloud with an MCP server on this machine and agents that may call it. */
export async function openDesk() {
  let answer: Answer | undefined;
  const refused: number[] = [];
  const { origin, close } = await listen(async ({ request, body, target, method }, response) => {
    const headers = Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    const sent = method === "GET" || method === "HEAD" ? { method, headers } : { method, headers, body };
    const made = await answer?.(new Request(`http://anything.example${target}`, sent));
    if (method === "POST" && made && made.status >= 400) refused.push(made.status);
    response.writeHead(made?.status ?? 503, Object.fromEntries(made?.headers ?? []));
    for await (const part of made?.body ?? []) response.write(part);
    response.end();
  });
  const resource = `${origin}/mcp`;
  const cards = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const publicJwk = await crypto.subtle.exportKey("jwk", cards.publicKey);
  const embedded = await openEmbedded(rows(resource, publicJwk));
  const { issuer, aws, agents } = embedded.world.endpoints;
  const workload = (name: string) => {
    const registered = agents[name];
    if (!registered) throw new Error(`no workload ${name}`);
    return { ...aws, id: registered.id, credentials: { ...registered.credentials } };
  };
  const start = (name: string, key?: KeyPair) => {
    const { id, ...evidence } = workload(name);
    return createAgent({ issuer, agent: id, evidence: awsStsWebIdentity(evidence), ...(key ? { key } : {}) });
  };
  return {
    issuer,
    resource,
    start,
    workload,
    /** The private half of agent route-planner's registered key. */
    cardKey: cards.privateKey,
    /** Statuses of the requests that were not served, in order. */
    refused,
    serve: (by: Answer) => {
      answer = by;
    },
    close: async () => {
      await embedded.close();
      await close();
    },
  };
}

export type Desk = Awaited<ReturnType<typeof openDesk>>;
