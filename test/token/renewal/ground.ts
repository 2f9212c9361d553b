import { beforeEach } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { baseRows, customers, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const registered = (name: string, more: Partial<AgentRegistration>): AgentRegistration => {
  const row = baseRows.find((r): r is AgentRegistration => r.kind === "agent" && r.name === name);
  if (!row) throw new Error(`${name} is not registered`);
  return { ...row, ...more };
};

export const forTickets = { resource: tickets, scope: "tickets:read" };

export let world: World<Tokens>;
export let planner: TestAgent;
export let researcher: TestAgent;
export let tickApi: TestAgent;
export let session: string;

export const longWork = { maxLifetimeSeconds: 7200 };
export const longWorkers = ["planner", "researcher", "ticket-api"].map((name) => registered(name, longWork));

/** The registry again, some rows of it changed. */
export const republish = (...changed: readonly Registration[]) =>
  world.publish(
    2,
    ...longWorkers.filter((row) => !changed.some(({ kind, name }) => kind === "agent" && name === row.name)),
    ...changed,
  );

export const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, never>;
export const sidOf = (token: string) => String(claims(token).sid);
export const rowOf = (token: string) => world.store.sessions.get(`${claims(token).root} ${sidOf(token)}`);
export const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

/** Why a token that is another's was refused: such refusals are aggregated. */
export const stolenReason = () => world.aggregated.at(-1)?.denial?.code;

export const renew = (by: TestAgent, token: string, seconds: number | string = 900, more: Params = {}) =>
  world.exchange(by, token, sessionTokenType, {
    requested_token_type: sessionTokenType,
    lifetime_seconds: String(seconds),
    ...more,
  });

export const childOf = async (parent: string, more: Params = {}) => {
  const offer = await world.exchange(planner, parent, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
  });
  const wanted = { requested_token_type: sessionTokenType, ...more };
  return (await world.exchange(researcher, offer.body.access_token, offerTokenType, wanted)).body.access_token;
};

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    world = await createWorld(longWorkers, tokens);
    [planner, researcher, tickApi] = (await Promise.all(
      ["planner", "researcher", "ticket-api"].map(world.newAgent),
    )) as [TestAgent, TestAgent, TestAgent];
    session = (
      await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
        resource: [tickets, customers],
        scope: "tickets:read customers:read",
        requested_token_type: sessionTokenType,
        lifetime_seconds: "600",
      })
    ).body.access_token;
  });
}
