import { randomBytes } from "node:crypto";
import { awsLambdaUrlIam } from "../../../../client/evidence/aws-lambda-url-iam.ts";
import { awsStsWebIdentity } from "../../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../../client/index.ts";
import { openEmbedded } from "../../../../conformance/embedded.ts";

export const orders = "https://orders.decide.example";
export const vault = "https://vault.decide.example";

const account = "111122223333";
const agent = (name: string, more: object = {}) => ({
  ...{ kind: "agent", name, state: "active", owner: "reach@decide.example", sponsor: "reach@decide.example" },
  selectors: [
    { type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/decide/${name}` } },
    { type: "aws-lambda-url-iam", exact: { roleArn: `arn:aws:iam::\${account}:role/decide-${name}` } },
  ],
  ...more,
});

const may = [
  { resource: orders, scopes: ["orders:read", "orders:refund"] },
  { resource: vault, scopes: ["safe:open"] },
];

/** What restricts a session at the orders' resource. */
export const orderIds = {
  name: "order-ids",
  schema: {
    type: "object",
    properties: { orders: { type: "array", items: { type: "string" } } },
    required: ["orders"],
    additionalProperties: false,
  },
  rules: { orders: "one_of" },
} as const;

const rows = [
  agent("clerk", { may, lends: may }),
  agent("courier", { may: [{ resource: orders, scopes: ["orders:read"] }] }),
  agent("order-api"),
  agent("front"),
  agent("other-front"),
  {
    ...{ kind: "resource", name: "orders", uri: orders, servedBy: "order-api", frontedBy: ["front"] },
    scopes: ["orders:read", "orders:refund"],
    tools: [
      { name: "read_order", scopes: ["orders:read"], details: { "order-ids": { orders: "/order" } } },
      { name: "list_orders", scopes: ["orders:read"] },
      { name: "refund_order", scopes: ["orders:refund"] },
    ],
  },
  {
    ...{ kind: "resource", name: "vault", uri: vault, servedBy: "order-api", frontedBy: ["other-front"] },
    ...{ scopes: ["safe:open"], introspecting: true, tools: [{ name: "open_vault", scopes: ["safe:open"] }] },
  },
  {
    ...{ kind: "details-type", resource: orders },
    ...orderIds,
  },
  {
    ...{ kind: "policy", name: "decide-work" },
    cedar: `permit (principal, action, resource) when { resource in [Resource::"${orders}", Resource::"${vault}"] };`,
  },
];

/** The embedded cloud with two resources, their server and two gateways. */
export async function openDesk() {
  const { world, close } = await openEmbedded(rows);
  const { issuer, aws, agents } = world.endpoints;
  const workload = (name: string) => {
    const found = agents[name];
    if (!found) throw new Error(`no workload ${name}`);
    return { id: found.id, credentials: { ...found.credentials } };
  };
  const caught: Headers[] = [];
  const start = (name: string) => {
    const { id, credentials } = workload(name);
    const evidence = awsStsWebIdentity({ ...aws, credentials });
    return createAgent({
      ...{ issuer, agent: id, evidence },
      fetch: async (input, init) => {
        if (![orders, vault].some((resource) => `${input}`.startsWith(resource))) return fetch(input, init);
        caught.push(new Headers(init?.headers));
        return new Response("{}");
      },
    });
  };
  const [clerk, helper, front, otherFront, orderApi] = ["clerk", "courier", "front", "other-front", "order-api"].map(
    start,
  ) as [
    ReturnType<typeof start>,
    ReturnType<typeof start>,
    ReturnType<typeof start>,
    ReturnType<typeof start>,
    ReturnType<typeof start>,
  ];
  const url = `${world.cloud.outputs.DecideUrl}`.replace(/\/$/, "");
  const iamUrl = `${world.cloud.outputs.DecideIamUrl}`.replace(/\/$/, "");
  return {
    ...{ world, clerk, helper, front, otherFront, orderApi, url, iamUrl, close },
    /** Headers of what was sent to a resource. */
    caught,
    /** Posts a body to a URL as a role of the account, or as nobody. */
    async postAs(role: string | undefined, to: string, body: object) {
      const arn = `arn:aws:iam::${account}:role/${role}`;
      const allow = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "lambda:*", Resource: "*" }] };
      const credentials = role === undefined ? undefined : world.cloud.addOperator(arn, allow);
      const signed =
        credentials && awsLambdaUrlIam({ url: iamUrl, region: aws.region, credentials: { ...credentials } });
      const headers = { "content-type": "application/json" };
      const answer = await (signed?.fetch ?? fetch)(to, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: answer.status, text: await answer.text() };
    },
  };
}

/** What {@link openDesk} opens. */
export type Desk = Awaited<ReturnType<typeof openDesk>>;

/** A question about a call of a tool. */
export const toolCall = (sid: string, tool: string, args: object = {}, server = orders) => ({
  subject: { type: "session", id: sid },
  action: { name: "tools/call", properties: { arguments: args } },
  resource: { type: "tool", id: tool, properties: { server } },
});

/** An id of the form of ours that nothing has. */
export const nobodys = () => randomBytes(16).toString("base64url");
