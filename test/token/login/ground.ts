import { beforeEach, expect } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, idp, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const forTickets = { resource: tickets, scope: "tickets:read" };
export const asSession = { requested_token_type: sessionTokenType };

export let world: World<Tokens>;
export let planner: TestAgent;
export let researcher: TestAgent;
export let triage: TestAgent;
export let ticketApi: TestAgent;

/** A person's document: each call is a new one, as a refresh makes it. `undefined` leaves a claim out. */
export const documentOf = (claims: object, client = "planner-app") =>
  world.idToken(client, { auth_time: undefined, ...claims });

export const open = (document: string, by = planner, more: Params = {}) =>
  world.exchange(by, document, idTokenType, { ...forTickets, ...more });

export const rootBy = async (claims: object, by = planner, client = "planner-app") => {
  const { status, body } = await open(documentOf(claims, client), by);
  expect(status).toBe(200);
  return body.access_token as string;
};

export const claimsOf = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
export const sidOf = (token: string) => String(claimsOf(token).sid);

export const revoke = async (token: string, more: object = {}) =>
  world.order({ revoke: { session: sidOf(token) }, reason: "it misbehaves", ...more });

export const revoked = async (claims: object) => {
  const token = await rootBy(claims);
  expect(await revoke(token)).toMatchObject({ status: 200, body: { found: true, burnt: true } });
  world.time.seconds += 1;
  return token;
};

export const active = async (token: string) =>
  (await world.send("introspect", ticketApi, { token })).body.active as boolean;

export const event = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}");

export const expectDenylisted = ({ status, body }: Answer, by?: string) => {
  expect([status, body.error, event().status_code]).toEqual([400, "invalid_request", "person_token_burnt"]);
  if (by !== undefined) expect(event().unmapped.lanyard.denial.by).toBe(by);
};

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    world = await createWorld(
      [
        { ...inBase("agent", "planner"), maxLifetimeSeconds: 7_200 },
        // a second agent that works for the same people, by its own client and by the planner's
        agent("triage", { ...inBase("agent", "triage"), clients: [{ issuer: idp, clientId: "triage-app" }] }),
      ],
      tokens,
    );
    [planner, researcher, triage, ticketApi] = (await Promise.all(
      ["planner", "researcher", "triage", "ticket-api"].map(world.newAgent),
    )) as [TestAgent, TestAgent, TestAgent, TestAgent];
  });
}
