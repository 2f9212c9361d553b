import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { personId } from "../../core/model/person-id.ts";
import { accessTokenType, idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, idp, inBase, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { caep, openSignals, person, risc, type SignalsWorld } from "./ground.ts";

const olga = personId(idp, "olga");
const forTickets = { resource: tickets, scope: "tickets:read" };
let signals: SignalsWorld;
let agents: Readonly<Record<"planner" | "triage" | "ticket-api", TestAgent>>;

/** The planner is Olga's; triage is nobody's. */
beforeEach(async () => {
  signals = await openSignals([{ ...inBase("agent", "planner"), owner: { issuer: idp, sub: "olga" } }]);
  const { newAgent } = signals.world;
  agents = {
    ...{ planner: await newAgent("planner"), triage: await newAgent("triage") },
    "ticket-api": await newAgent("ticket-api"),
  };
});

const open = (name: "planner" | "triage", claims: object = {}) =>
  signals.world.exchange(agents[name], signals.world.idToken(`${name}-app`, claims), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
/** An access token of a new session, as the ticket server gets it. */
const held = async (name: "planner" | "triage", claims: object = {}) => {
  const session = (await open(name, claims)).body.access_token as string;
  const wanted = { ...forTickets, requested_token_type: accessTokenType };
  return (await signals.world.exchange(agents[name], session, sessionTokenType, wanted)).body.access_token as string;
};
const isActive = async (token: string) =>
  (await signals.world.send("introspect", agents["ticket-api"], { token })).body.active as boolean;
const say = async (type: string, subject: object = person("olga"), claims: object = {}) => {
  const { status } = await signals.push(signals.event(type, subject, { claims }));
  expect(status).toBe(202);
};

describe("a person whose provider says that the account is disabled or purged", () => {
  it.each(["account-disabled", "account-purged"])(
    "threat 53: takes the sessions of every owned agent along at the next introspection, and nobody else's (%s)",
    async (name) => {
      const [adas, others] = [await held("planner"), await held("triage")];
      expect([await isActive(adas), await isActive(others)]).toEqual([true, true]);
      await say(risc(name));
      expect([await isActive(adas), await isActive(others)]).toEqual([false, true]);
      const refused = await open("planner");
      expect([refused.status, refused.body.error]).toEqual([403, "access_denied"]);
      expect(signals.world.takeDenial().own.denial).toEqual({
        ...{ code: "blocked", subject: `principal:${olga}`, owns: agentId("planner") },
      });
      expect((await open("triage")).status).toBe(200);
    },
  );

  it("lends nothing any more, also to agents of others, by whatever token", async () => {
    const own = await held("triage", { sub: "olga" });
    await say(risc("account-disabled"), {
      format: "complex",
      user: person("olga"),
      tenant: { format: "opaque", id: "t" },
    });
    signals.world.time.seconds += limits.foreignSkewSeconds + 1;
    expect(await isActive(own)).toBe(false);
    expect((await open("triage", { sub: "olga" })).status).toBe(403);
    expect((await open("triage")).status).toBe(200);
  });

  it("is blocked before the first sign-in here", async () => {
    await say(risc("account-disabled"), person("newcomer"));
    expect((await open("triage", { sub: "newcomer" })).status).toBe(403);
  });

  it("threat 68: comes back by an operator's word alone, and by nothing that the provider says", async () => {
    await say(risc("account-disabled"));
    await say(risc("account-enabled"));
    await say(caep("session-revoked"));
    expect((await open("planner")).status).toBe(403);
    const lifted = await signals.world.order({ lift: { principal: olga }, reason: "spoke with Olga" });
    expect([lifted.status, lifted.body]).toEqual([200, { lifted: { principal: olga }, blocked: false }]);
    expect((await open("planner")).status).toBe(200);
    await say(risc("account-disabled"));
    expect((await open("planner")).status).toBe(403);
  });

  it("is on record like an operator's block, with who said it, and without the name at the provider", async () => {
    await say(risc("account-disabled"), person("olga"), { jti: "event-7" });
    const { body } = signals.world.store.records.at(-1) ?? { body: "" };
    expect(JSON.parse(body)).toMatchObject({ class_name: "Entity Management", activity_name: "Disable" });
    expect(signals.records().at(-1)).toMatchObject({
      ...{ operation: "revoke", outcome: "allowed", target: `principal:${olga}` },
      ...{ signal_issuer: idp, signal_id: "event-7", signal_event: risc("account-disabled") },
    });
    expect(body).not.toContain("olga");
  });
});

describe("a person whose provider says that sessions are over", () => {
  it.each([
    caep("session-revoked"),
    risc("sessions-revoked"),
    risc("credential-compromise"),
    risc("account-credential-change-required"),
  ])("loses what stands on sign-ins so far, owned agents' work too, and signs in anew (%s)", async (type) => {
    const [lent, owned] = [await held("triage", { sub: "olga" }), await held("planner")];
    await say(type);
    expect([await isActive(lent), await isActive(owned)]).toEqual([false, false]);
    // the agent opens new ones at once: its owner is there
    expect((await open("planner")).status).toBe(200);
    const before = signals.world.time.seconds;
    signals.world.time.seconds += limits.foreignSkewSeconds + 5;
    // a document that was refreshed since, of the login that is over
    expect((await open("triage", { sub: "olga", auth_time: before })).body.error).toBe("invalid_request");
    expect((await open("triage", { sub: "olga" })).status).toBe(200);
  });

  it("loses all of them by an event about one session or device, since which of ours stand on it cannot be told", async () => {
    const lent = await held("triage", { sub: "olga" });
    const subject = { format: "complex", user: person("olga"), session: { format: "opaque", id: "their-name" } };
    await say(caep("session-revoked"), { ...subject, device: { format: "opaque", id: "laptop" } });
    expect(await isActive(lent)).toBe(false);
  });

  it("does so by the moment of hearing, whatever moment the event names", async () => {
    const lent = await held("triage", { sub: "olga" });
    const events = { [caep("session-revoked")]: { event_timestamp: 1 } };
    await say(caep("session-revoked"), person("olga"), { events });
    expect(await isActive(lent)).toBe(false);
    expect((await open("triage", { sub: "olga" })).body.error).toBe("invalid_request");
  });
});
