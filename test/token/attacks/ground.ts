import { beforeEach, expect } from "vitest";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export let world: World<Tokens>;
export let planner: TestAgent;
export let researcher: TestAgent;
export let triage: TestAgent;

export const own: Params = { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" };
export const forTickets: Params = { resource: tickets, scope: "tickets:read" };

const lastDenial = () => {
  const body = world.store.records.at(-1)?.body;
  return body === undefined ? undefined : JSON.parse(body).status_code;
};

/** Expects this wire error, this reason in a record of the authenticated caller's own, and not one session more. */
export const refused = (attempt: () => Promise<Answer>, status: number, error: string, reason: string) =>
  refusedAs(lastDenial, attempt, [status, error, reason]);

/** The same of a token that is another's: it is aggregated, or a thief would decide how many records there are. */
export const refusedAsStolen = (attempt: () => Promise<Answer>, status: number, error: string, reason: string) =>
  refusedAs(() => world.aggregated.at(-1)?.denial?.code, attempt, [status, error, reason]);

async function refusedAs(
  reason: () => string | undefined,
  attempt: () => Promise<Answer>,
  expected: readonly [status: number, error: string, reason: string],
) {
  const before = world.store.sessions.size;
  const { status, body } = await attempt();
  expect([status, body.error, reason()]).toEqual(expected);
  expect(world.store.sessions.size).toBe(before);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|stack|Error:/);
}

export const open = async (more: Params = {}) =>
  (
    await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      resource: [tickets, customers],
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
      ...more,
    })
  ).body.access_token as string;

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    world = await createWorld([], tokens);
    [planner, researcher, triage] = await Promise.all([
      world.newAgent("planner"),
      world.newAgent("researcher"),
      world.newAgent("triage"),
    ]);
  });
}
