import { beforeEach, describe, expect, it } from "vitest";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { createRevokeEndpoint } from "../../core/endpoints/revoke.ts";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import {
  accessTokenType,
  idTokenType,
  offerTokenType,
  sessionTokenType,
  spiffeAssertionType,
  tokenExchangeGrant,
} from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { tickets } from "../kit/registry.ts";
import { dpopProof, type TestKey, testKey } from "../kit/wire/key.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Params, type Tokens, tokens, tokenUrl } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
type Door = "token" | "introspect" | "revoke";
let world: World<Tokens>;
let victims: TestAgent[];
let thief: TestAgent;
let server: TestAgent;
let stranger: TestKey;
let sessions: string[];
let accesses: string[];
let doors: Record<Door, (call: ReturnType<World<Tokens>["call"]>) => Promise<{ status: number }>>;
let flush: () => Promise<void>;

const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);

beforeEach(async () => {
  world = await createWorld([], tokens);
  const names = ["planner", "researcher", "triage", "ticket-api"];
  const [planner, researcher, triage, api] = await Promise.all(names.map(world.newAgent));
  if (!planner || !researcher || !triage || !api) throw new Error("no agents");
  [victims, thief, server, stranger] = [[planner, researcher], triage, api, await testKey()];
  const root = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
  const offer = await world.exchange(planner, root.body.access_token, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
  });
  const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, {
    requested_token_type: sessionTokenType,
  });
  sessions = [root.body.access_token, child.body.access_token];
  accesses = await Promise.all(
    victims.map(
      async (by, i) => (await world.exchange(by, sessions[i] ?? "", sessionTokenType, forTickets)).body.access_token,
    ),
  );
  const aggregate = createRefusalAggregate({ outbox: world.store, ids: randomIds, toRecord, clock: world.deps.clock });
  const deps = { ...world.deps, aggregate };
  doors = {
    token: createTokenEndpoint(deps),
    introspect: createIntrospectEndpoint(deps),
    revoke: createRevokeEndpoint(deps),
  };
  flush = aggregate.flush;
  world.store.records.length = 0;
});

const send = (door: Door, params: Params, by: TestKey, assertion: string) => {
  const form = new URLSearchParams({ client_assertion_type: spiffeAssertionType, client_assertion: assertion });
  for (const [name, value] of Object.entries(params)) if (typeof value === "string") form.append(name, value);
  return doors[door](world.call(form.toString(), [dpopProof(by, { url: tokenUrl, atSeconds: world.time.seconds })]));
};
const as = (agent: TestAgent, door: Door, params: Params) => send(door, params, agent.key, agent.identity());
const exchange = (subject: string, type: string, more: Params = {}): Params => ({
  grant_type: tokenExchangeGrant,
  subject_token: subject,
  subject_token_type: type,
  ...forTickets,
  ...more,
});
const told = () => world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard);

type Showing = (i: number) => Promise<{ status: number }>;
const identityOf = (i: number) => victims[i]?.identity() ?? "";
const ways: [string, "identity" | "session", Showing][] = [
  ...(["token", "introspect", "revoke"] as const).flatMap((door): [string, "identity" | "session", Showing][] => {
    const form: Params = door === "token" ? { grant_type: "client_credentials", ...forTickets } : { token: "x" };
    return [
      [`an identity token as assertion at ${door}`, "identity", (i) => send(door, form, stranger, identityOf(i))],
      [`a session token as assertion at ${door}`, "session", (i) => send(door, form, stranger, sessions[i] ?? "")],
      [`an access token as assertion at ${door}`, "session", (i) => send(door, form, stranger, accesses[i] ?? "")],
    ];
  }),
  [
    "an identity token as actor",
    "identity",
    (i) =>
      as(thief, "token", {
        ...exchange(sessions[0] ?? "", sessionTokenType),
        actor_token: identityOf(i),
        actor_token_type: "urn:ietf:params:oauth:token-type:jwt",
      }),
  ],
  ...([sessionTokenType, accessTokenType, idTokenType] as const).map((type): [string, "identity", Showing] => [
    `an identity token as subject of type ${type}`,
    "identity",
    (i) => as(thief, "token", exchange(identityOf(i), type)),
  ]),
  ["a session token as subject", "session", (i) => as(thief, "token", exchange(sessions[i] ?? "", sessionTokenType))],
  [
    "a session token as a subject it is not",
    "session",
    (i) => as(thief, "token", exchange(sessions[i] ?? "", accessTokenType)),
  ],
  ["an access token as subject", "session", (i) => as(thief, "token", exchange(accesses[i] ?? "", accessTokenType))],
  [
    "an access token by another process of its agent",
    "session",
    (i) =>
      world
        .newAgent(victims[i]?.id.split("/agent/")[1] ?? "")
        .then((twin) => as(twin, "token", exchange(accesses[i] ?? "", accessTokenType))),
  ],
  [
    "an access token at a server, by another key",
    "session",
    (i) => as(server, "introspect", { token: accesses[i], dpop_jkt: stranger.jkt }),
  ],
  [
    "a session token at a server",
    "session",
    (i) => as(server, "introspect", { token: sessions[i], dpop_jkt: stranger.jkt }),
  ],
  [
    "an identity token at a server",
    "identity",
    (i) => as(server, "introspect", { token: identityOf(i), dpop_jkt: stranger.jkt }),
  ],
  ["a session token to revoke", "session", (i) => as(thief, "revoke", { token: sessions[i] })],
  ["an access token to revoke", "session", (i) => as(thief, "revoke", { token: accesses[i] })],
  ["an identity token to revoke", "identity", (i) => as(thief, "revoke", { token: identityOf(i) })],
];

describe.each(ways)("threat 41: the theft of a token has a name: %s", (_, kind, show) => {
  it("tells its owner, and each victim apart, aggregated so that a thief writes no more than two records a minute", async () => {
    // somebody else's mistake first: it must not be the minute's only example
    await send("token", { grant_type: "client_credentials" }, stranger, "no.token.atall");
    for (let n = 0; n < 10; n++) for (const i of [0, 1]) await show(i);
    const thefts = () => told().filter(({ owner }) => owner !== undefined);
    expect(thefts().map(({ owner }) => owner)).toEqual(victims.map(({ id }) => id));
    if (kind === "session") expect(thefts().map(({ sid }) => sid)).toEqual(sessions.map(sidOf));
    await flush();
    expect(thefts()).toHaveLength(4);
    expect(thefts().reduce((sum, { count }) => sum + count, 0)).toBe(20);
    for (const { outcome } of thefts()) expect(outcome).toBe("denied");
  });
});

describe("what is no theft names nobody", () => {
  it("an agent that makes mistakes with its own tokens", async () => {
    const [own] = victims;
    if (!own) throw new Error("no victim");
    await as(own, "token", exchange(own.identity(), sessionTokenType));
    await as(own, "token", exchange(accesses[0] ?? "", sessionTokenType));
    await send("token", { grant_type: "client_credentials", ...forTickets }, own.key, sessions[0] ?? "");
    await as(own, "revoke", { token: own.identity() });
    await as(server, "introspect", { token: sessions[0], dpop_jkt: own.key.jkt });
    await as(server, "token", exchange(accesses[0] ?? "", accessTokenType));
    expect(told().map(({ owner }) => owner)).toEqual(told().map(() => undefined));
    expect(told().length).toBeGreaterThan(3);
  });

  it("a token that has expired, or that nobody signed", async () => {
    const [identity, session] = [identityOf(0), sessions[0] ?? ""];
    const broken = `${session.slice(0, -6)}AAAAAA`;
    await as(thief, "token", exchange(broken, sessionTokenType));
    world.time.seconds += 43_300;
    await send("token", { grant_type: "client_credentials", ...forTickets }, stranger, identity);
    await as(thief, "token", exchange(session, sessionTokenType));
    expect(told().map(({ owner }) => owner)).toEqual([undefined, undefined, undefined]);
  });
});
