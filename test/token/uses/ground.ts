import { beforeEach } from "vitest";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { baseRows, customers, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const asking = (uri: string): ResourceRegistration => {
  const row = baseRows.find((r): r is ResourceRegistration => r.kind === "resource" && r.uri === uri);
  if (!row) throw new Error(`${uri} is not registered`);
  return { ...row, introspecting: true };
};

export const forTickets = { resource: tickets, scope: "tickets:read" };

export let world: World<Tokens>;
export let planner: TestAgent;
export let researcher: TestAgent;
export let tickApi: TestAgent;
export let custApi: TestAgent;

export const open = async (more: Params = {}) =>
  (await world.exchange(planner, world.idToken("planner-app"), idTokenType, { ...forTickets, ...more })).body;

export const session = async (more: Params = {}) =>
  (await open({ requested_token_type: sessionTokenType, ...more })).access_token as string;

export const fetchToken = (by: TestAgent, token: string, more: Params = {}) =>
  world.exchange(by, token, sessionTokenType, { ...forTickets, ...more });

export const ask = async (token: string, by = tickApi, more: Params = {}) =>
  (await world.send("introspect", by, { token, ...more })).body;

/** How many of `count` questions in a row are answered with yes. */
export const usable = async (token: string, count: number, by = tickApi) => {
  let yes = 0;
  for (let i = 0; i < count; i++) if ((await ask(token, by)).active) yes++;
  return yes;
};

export const event = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}");
export const reason = () => event().status_code;
export const aggregated = () => world.aggregated.at(-1)?.denial?.code;

/** Begins anew, with these resources asking about every request. */
export async function begin(...resources: readonly string[]): Promise<void> {
  world = await createWorld([...resources.map(asking)], tokens);
  [planner, researcher, tickApi, custApi] = (await Promise.all(
    ["planner", "researcher", "ticket-api", "customer-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
}

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(() => begin(tickets, customers));
}
