import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { ScopeSet } from "../../../core/model/agent-registration.ts";
import { agentId, customers, tickets } from "../../kit/registry.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import {
  asSession,
  expectRefused,
  factsIn,
  play,
  readCustomers,
  readsOn,
  readTickets,
  writeTickets,
} from "./ground.ts";

describe("threat 54: a quarantined agent", () => {
  it("loses everything that was issued to it before, at once", async () => {
    const { world, ticketApi, open, sessionOf, using, quarantine, isActive } = await play({ planner: readsOn });
    const session = await sessionOf();
    const access = (await open()).body.access_token;
    expect(await isActive(ticketApi, access)).toBe(true);
    expect((await quarantine("planner")).body).toMatchObject({ quarantined: true });
    expect(await isActive(ticketApi, access)).toBe(false);
    expectRefused(world, await using(session, readTickets), "parent_dead");
  });

  it("gets what its profile holds, and a refusal that names the profile for what it holds beyond", async () => {
    const { world, open, quarantine } = await play({ planner: readsOn });
    await quarantine("planner");
    expect((await open(readTickets)).status).toBe(200);
    expectRefused(world, await open(writeTickets), "scope_exceeds");
    expect(factsIn(world).denial_missing).toMatch(/by the quarantine/);
    expectRefused(world, await open(readCustomers), "scope_exceeds");
  });

  it("gets nothing where its registration names no profile, and the record says what is missing", async () => {
    const { world, open, quarantine } = await play({});
    await quarantine("planner");
    expectRefused(world, await open(), "quarantined");
    expect(factsIn(world).denial_missing).toMatch(/a profile for quarantine/);
  });

  it("keeps its profile's bounds in a session that it opened in quarantine: use, renewal, more of it", async () => {
    const profile = { ...readsOn, maxLifetimeSeconds: 600 };
    const { world, sessionOf, using, quarantine } = await play({ planner: profile });
    await quarantine("planner");
    const session = await sessionOf();
    expect((await using(session, readTickets)).status).toBe(200);
    expectRefused(world, await using(session, writeTickets), "scope_exceeds");
    const { iat, exp } = claimsOf(session) as { iat: number; exp: number };
    expect(exp - iat).toBe(600);
    expectRefused(world, await using(session, { ...asSession, lifetime_seconds: "601" }), "lifetime_exceeds");
  });

  it("on its own account is bounded by its profile as well", async () => {
    const own = (scope: string, resource: string) => ({ grant_type: "client_credentials", scope, resource });
    const { world, researcher, quarantine } = await play({
      researcher: { scopes: [{ resource: customers, scopes: ["customers:notes"] }] },
    });
    expect((await world.send("token", researcher, own("tickets:read", tickets))).status).toBe(200);
    await quarantine("researcher");
    expectRefused(world, await world.send("token", researcher, own("tickets:read", tickets)), "scope_exceeds");
  });

  it("has all of its registration again once an operator lifts, and what was cut stays cut", async () => {
    const { world, open, sessionOf, using, quarantine, release } = await play({ planner: readsOn });
    const before = await sessionOf(writeTickets);
    await quarantine("planner");
    const inside = await sessionOf(readTickets);
    expect((await release("planner")).body).toMatchObject({ quarantined: false, blocked: false });
    expect((await open(writeTickets)).status).toBe(200);
    expectRefused(world, await using(before, writeTickets), "parent_dead");
    // opened within the profile, so it holds no more than that until its end
    expect((await using(inside, readTickets)).status).toBe(200);
    expectRefused(world, await using(inside, writeTickets), "scope_exceeds");
  });

  it("is told nothing by a refusal that would name another agent", async () => {
    const { open, quarantine } = await play({});
    await quarantine("planner");
    const { body } = await open();
    expect(JSON.stringify(body)).not.toContain(agentId(""));
  });
});

const scopesOf = [
  [tickets, "tickets:read"],
  [tickets, "tickets:write"],
  [customers, "customers:read"],
  [customers, "customers:notes"],
] as const;

const setsOf = (pairs: readonly (readonly [string, string])[]): readonly ScopeSet[] =>
  [...Map.groupBy(pairs, ([resource]) => resource)].map(([resource, some]) => ({
    resource,
    scopes: some.map(([, scope]) => scope),
  }));

const person = new Set(["tickets:read", "tickets:write", "customers:read"]);

test.prop([fc.subarray([...scopesOf], { minLength: 1 }), fc.constantFrom(...scopesOf)], { numRuns: 25 })(
  "threat 54: whatever the profile holds, in quarantine exactly that is to be had of what the person lends",
  async (held, [resource, scope]) => {
    const { open, quarantine } = await play({ planner: { scopes: setsOf(held) } });
    await quarantine("planner");
    const { status } = await open({ resource, scope });
    expect(status === 200).toBe(person.has(scope) && held.some(([, one]) => one === scope));
  },
);
