import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach } from "vitest";
import { createDecideEndpoint, type DecideCall } from "../../core/endpoints/decide.ts";
import { createDecideIamEndpoint } from "../../core/endpoints/decide-iam.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { ResourceRegistration } from "../../core/model/resource-registration.ts";
import type { Call } from "../../core/model/wire.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { agent, agentId, customers, inBase, tickets } from "../kit/registry.ts";
import { claimsOf, dpopProof } from "../kit/wire/key.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

export const decideUrl = "https://dec789.lambda-url.eu-west-1.on.aws";
export const gatewayRole = "arn:aws:iam::111122223333:role/tool-gateway";

/** Tickets with tools and a gateway before it. */
export const toolServer: ResourceRegistration = {
  ...inBase("resource", "tickets"),
  frontedBy: ["tool-gateway"],
  tools: [
    {
      name: "list_tickets",
      scopes: ["tickets:read"],
      details: { "ticket-customer": { customers: "/filter/customers", maxRecords: "/limit" } },
    },
    { name: "read_ticket", scopes: ["tickets:read"] },
    { name: "close_ticket", scopes: ["tickets:read", "tickets:write"] },
  ],
};

export const rows: readonly Registration[] = [
  toolServer,
  agent("tool-gateway", { selectors: [{ type: "aws-lambda-url-iam", exact: { roleArn: gatewayRole } }] }),
  agent("other-gateway", {
    selectors: [{ type: "aws-lambda-url-iam", exact: { roleArn: `${gatewayRole}-2` } }],
  }),
  { ...inBase("resource", "customers"), frontedBy: ["other-gateway"] },
  { kind: "policy", name: "all", cedar: "permit(principal, action, resource);" },
];

export let world: World<Tokens>;
export let planner: TestAgent;
export let gateway: TestAgent;
export let stranger: TestAgent;
export let ticketApi: TestAgent;

/** Ids of a new session of the planner for a person, and its token. */
export async function session(params: Params = {}) {
  const asked = { resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType, ...params };
  const { body } = await world.exchange(planner, world.idToken("planner-app"), idTokenType, asked);
  const { sid, root, sub } = claimsOf(body.access_token) as Record<string, string>;
  return { sid: sid ?? "", root: root ?? "", sub: sub ?? "", token: body.access_token as string };
}

type Part = Readonly<Record<string, unknown>>;

/** A question about a call of a tool, with parts of it replaced. */
export const question = (sid: string, more: Part = {}): Part => ({
  subject: { type: "session", id: sid },
  action: { name: "tools/call", properties: { arguments: {} } },
  resource: { type: "tool", id: "read_ticket", properties: { server: tickets } },
  ...more,
});

/** As {@link question}, for a tool with arguments. */
export const toolCall = (sid: string, tool: string, args: unknown = {}): Part =>
  question(sid, {
    action: { name: "tools/call", properties: { arguments: args } },
    resource: { type: "tool", id: tool, properties: { server: tickets } },
  });

/** What a call is sent with instead of what an honest gateway would send. */
export interface Instead {
  readonly by?: TestAgent;
  readonly proof?: string;
  readonly more?: Partial<DecideCall>;
  readonly call?: Partial<Call>;
}

export const pathOf = { one: "/access/v1/evaluation", many: "/access/v1/evaluations" } as const;

/** Sends a body, or its text, and returns status, headers and the answer's very text. */
export async function ask(body: unknown, path: string = pathOf.one, instead: Instead = {}) {
  const by = instead.by ?? gateway;
  const url = `${decideUrl}${path}`;
  const identity = by.identity();
  const proof = instead.proof ?? dpopProof(by.key, { url, atSeconds: world.time.seconds, accessToken: identity });
  const call = {
    ...world.call(typeof body === "string" ? body : JSON.stringify(body), [proof]),
    ...{ url, path, contentType: "application/json", authorizationScheme: "DPoP" },
    ...instead.call,
  };
  const more = { authorization: `DPoP ${identity}`, isPartial: false, ...instead.more };
  const { status, headers, body: text } = await createDecideEndpoint(decideDeps())(call, more);
  return { status, headers, text, answer: JSON.parse(text) };
}

/** As {@link ask}, at the URL that IAM guards, by a role. */
export async function askAs(role: string | undefined, body: unknown, path: string = pathOf.one) {
  const call = {
    ...world.call(JSON.stringify(body), []),
    url: `${decideUrl}${path}`,
    path,
    contentType: "application/json",
  };
  const caller = role && {
    arn: `arn:aws:sts::111122223333:assumed-role/${role}/i-1`,
    userId: "AROAEXAMPLEEXAMPLE:i-1",
    account: "111122223333",
  };
  const endpoint = createDecideIamEndpoint(decideDeps(), "aws");
  const { status, body: text } = await endpoint(call, { isPartial: false }, caller || undefined);
  return { status, text, answer: JSON.parse(text) };
}

const decideDeps = () => ({ ...world.deps, changes: world.store.changes });

export const no = '{"decision":false}';
export const yes = '{"decision":true}';

/** Our facts of the last record. */
export const lastRecord = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;
/** Why the last question was refused. */
export const why = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

/** Begins anew, with rows besides, under Cedar. */
export async function begin(...more: readonly Registration[]): Promise<void> {
  world = await createWorld(
    [...rows.filter((row) => !more.some(({ kind, name }) => kind === row.kind && name === row.name)), ...more],
    tokens,
  );
  world.policy.engine = createCedarEngine(cedar);
  [planner, gateway, stranger, ticketApi] = (await Promise.all(
    ["planner", "tool-gateway", "other-gateway", "ticket-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
}

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(() => begin());
}

export { agentId, customers, tickets };
