import { expect } from "vitest";
import type { AgentRegistration, QuarantineProfile } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const readTickets = { resource: tickets, scope: "tickets:read" };
export const writeTickets = { resource: tickets, scope: "tickets:write" };
export const readCustomers = { resource: customers, scope: "customers:read" };
export const asSession = { requested_token_type: sessionTokenType };

/** What the planner keeps in quarantine: one scope of the four it is registered for. */
export const readsOn: QuarantineProfile = { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] };

const withProfile = (name: string, quarantine: QuarantineProfile | undefined): AgentRegistration => ({
  ...inBase("agent", name),
  ...(quarantine ? { quarantine } : {}),
});

/** A world in which agents of these names have these profiles, and what is done in it. */
export async function play(
  profiles: Readonly<Record<string, QuarantineProfile | undefined>>,
  ...rows: readonly Registration[]
) {
  const world = await createWorld(
    [...Object.entries(profiles).map(([name, profile]) => withProfile(name, profile)), ...rows],
    tokens,
  );
  const names = ["planner", "researcher", "triage", "ticket-api", "customer-api"];
  const [planner, researcher, triage, ticketApi, customerApi] = (await Promise.all(names.map(world.newAgent))) as [
    TestAgent,
    TestAgent,
    TestAgent,
    TestAgent,
    TestAgent,
  ];
  const open = (params: Params = readTickets) =>
    world.exchange(planner, world.idToken("planner-app"), idTokenType, params);
  return {
    ...{ world, planner, researcher, triage, ticketApi, customerApi, open },
    sessionOf: async (params: Params = readTickets) =>
      (await open({ ...params, ...asSession })).body.access_token as string,
    using: (session: string, params: Params) => world.exchange(planner, session, sessionTokenType, params),
    offering: (session: string, to: TestAgent = researcher, params: Params = readTickets) =>
      world.exchange(planner, session, sessionTokenType, {
        ...params,
        audience: to.id,
        requested_token_type: offerTokenType,
      }),
    redeeming: (by: TestAgent, offer: string, params: Params = {}) => world.exchange(by, offer, offerTokenType, params),
    hopping: (by: TestAgent, access: string, params: Params = readCustomers) =>
      world.exchange(by, access, accessTokenType, params),
    quarantine: (name: string) =>
      world.order({ revoke: { agent: agentId(name) }, quarantine: true, reason: "it asks for odd things" }),
    release: (name: string) =>
      world.order({ lift: { agent: agentId(name) }, quarantine: true, reason: "a false alarm" }),
    isActive: async (server: TestAgent, token: string): Promise<boolean> =>
      (await world.send("introspect", server, { token })).body.active === true,
  };
}

/** The reason of the last record. */
export const reasonIn = (world: World<Tokens>) => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

/** Lanyard's own facts of the last record. */
export const factsIn = (world: World<Tokens>) => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;

/** Expects a refusal with this reason, and that nothing of worth is in it. */
export function expectRefused(world: World<Tokens>, { status, body }: Answer, code: string): void {
  expect([status, reasonIn(world)]).toEqual([code === "quarantined" ? 403 : 400, code]);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|lya_|lyo_/);
}
