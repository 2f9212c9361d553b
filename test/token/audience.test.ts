import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, customers, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

let world: World<Tokens>;
let planner: TestAgent;
beforeEach(async () => {
  world = await createWorld([], tokens);
  planner = await world.newAgent("planner");
});
const open = (more: Record<string, string | readonly string[]>) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, { scope: "tickets:read", ...more });

describe("an audience where no offer is asked for (RFC 8693 2.1)", () => {
  it("is the resource it names, and never left out of account", async () => {
    const { status, body } = await open({ audience: tickets });
    expect([status, decodeUnverified(body.access_token)?.payload.aud]).toEqual([200, tickets]);
    expect((await open({ audience: tickets, resource: tickets })).status).toBe(200);
  });

  it.each([
    ["nobody's", { audience: "https://elsewhere.example" }],
    ["an agent's", { audience: agentId("triage") }],
    ["unknown beside a known resource", { audience: "https://elsewhere.example", resource: tickets }],
    [
      "a second resource's without a session asked for",
      { audience: customers, resource: tickets, scope: "tickets:read customers:read" },
    ],
  ])("is refused as invalid_target when it is %s: a token for less would surprise its client", async (_, more) => {
    const { status, body } = await open(more);
    expect([status, body.error]).toEqual([400, "invalid_target"]);
    expect(world.store.sessions.size).toBe(0);
  });

  it("counts among the resources of a session", async () => {
    const { status, body } = await open({
      audience: customers,
      resource: tickets,
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
    });
    expect([status, body.scope]).toEqual([200, "tickets:read customers:read"]);
  });

  it("is no offer in the audit", async () => {
    await open({ audience: tickets });
    expect(JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard).not.toHaveProperty("offered_to");
  });
});
