import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { AgentRegistration, Owner } from "../../../core/model/agent-registration.ts";
import { personId } from "../../../core/model/person-id.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { cutName } from "../../../core/status/cut-name.ts";
import { readAccess } from "../../../core/verify/verified-access.ts";
import { agentId, baseRows, idp, otherIdp, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { issuer } from "../../kit/world/ground.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

type Name = "planner" | "researcher" | "ticket-api";
const forTickets = { resource: tickets, scope: "tickets:read" };
const olga = { issuer: idp, sub: "olga" };
const otto = { issuer: idp, sub: "otto" };
const subjectOf = ({ issuer: iss, sub }: Exclude<Owner, string>) => `principal:${personId(iss, sub)}`;

let world: World<Tokens>;
let agents: Record<Name, TestAgent>;
let version = 1;

/** Publishes the registry with these owners, all at once. */
function own(owners: Partial<Record<Name, Owner>>): void {
  const rows = baseRows
    .filter((row): row is AgentRegistration => row.kind === "agent")
    .map((row) => ({ ...row, owner: owners[row.name as Name] ?? row.owner }));
  version++;
  world.publish(version, ...rows);
}

const setBlock = (who: Exclude<Owner, string>, blocked = true) =>
  world.store.epochs.set(subjectOf(who), { epoch: 1, blocked });
const reason = () => JSON.stringify(world.takeDenial());
const introspect = async (token: string) => (await world.send("introspect", agents["ticket-api"], { token })).body;
const open = async (person?: string) =>
  (
    await world.exchange(agents.planner, world.idToken("planner-app", person ? { sub: person } : {}), idTokenType, {
      ...forTickets,
      requested_token_type: sessionTokenType,
    })
  ).body.access_token as string;
const access = (by: Name, session: string) =>
  world.exchange(agents[by], session, sessionTokenType, { ...forTickets, requested_token_type: accessTokenType });

/** The researcher's session below the planner's. */
async function below(session: string): Promise<string> {
  const offer = await world.exchange(agents.planner, session, sessionTokenType, {
    ...forTickets,
    audience: agentId("researcher"),
    requested_token_type: offerTokenType,
  });
  const redeemed = await world.exchange(agents.researcher, offer.body.access_token, offerTokenType, {
    requested_token_type: sessionTokenType,
  });
  return redeemed.body.access_token as string;
}

beforeEach(async () => {
  world = await createWorld([], tokens);
  version = 1;
  const names: Name[] = ["planner", "researcher", "ticket-api"];
  const made = await Promise.all(names.map((name) => world.newAgent(name)));
  agents = Object.fromEntries(names.map((name, n) => [name, made[n]])) as Record<Name, TestAgent>;
  own({ planner: olga, researcher: otto });
});

describe("a blocked owner ends what his agents do", () => {
  it("threat 53: refuses a new session, and the audit names the owner and the agent", async () => {
    setBlock(olga);
    const refused = await world.send("token", agents.researcher, { grant_type: "client_credentials", ...forTickets });
    expect(refused.status).toBe(200);
    const { status, body } = await world.exchange(
      agents.planner,
      world.idToken("planner-app"),
      idTokenType,
      forTickets,
    );
    expect([status, body.error]).toEqual([403, "access_denied"]);
    const told = reason();
    expect(told).toContain(subjectOf(olga));
    expect(told).toContain(agentId("planner"));
  });

  it("threat 53: refuses a living session of the chain at once, at the token endpoint and at introspection, whichever owner it is", async () => {
    for (const owner of [olga, otto]) {
      world.store.epochs.clear();
      const session = await below(await open());
      const token = (await access("researcher", session)).body.access_token as string;
      expect(await introspect(token)).toMatchObject({ active: true });
      setBlock(owner);
      expect(await introspect(token)).toEqual({ active: false });
      const { status } = await access("researcher", session);
      expect(status).not.toBe(200);
    }
  });

  it("leaves agents of others alone", async () => {
    const session = await open();
    setBlock(otto);
    expect((await access("planner", session)).status).toBe(200);
  });

  it("refuses one who was blocked between the first read and the write", async () => {
    const asks = () => world.exchange(agents.planner, world.idToken("planner-app"), idTokenType, forTickets);
    // the first request of an instance takes a read more, to learn of the registry's version
    await asks();
    let reads = 0;
    world.store.beforeLiveness = () => void reads++;
    expect((await asks()).status).toBe(200);
    // the last read of a request is its second look
    let left = reads;
    world.store.beforeLiveness = () => {
      left--;
      if (left === 0) setBlock(olga);
    };
    const { status } = await asks();
    expect([reads, left]).toEqual([2, 0]);
    expect(status).toBe(400);
    expect(reason()).toContain(subjectOf(olga));
  });

  it("takes one person at two issuers for two", async () => {
    setBlock({ issuer: otherIdp, sub: olga.sub });
    expect((await access("planner", await open())).status).toBe(200);
  });

  it("refuses where the requester is the owner", async () => {
    const session = await open("olga");
    const [stored] = [...world.store.sessions.values()];
    expect([stored?.principal.id, stored?.owner]).toEqual([personId(idp, "olga"), personId(idp, "olga")]);
    setBlock(olga);
    expect((await access("planner", session)).status).not.toBe(200);
  });
});

describe("a change of owner in the registry", () => {
  it("threat 53: keeps living sessions under the former owner, and puts them under the new one too", async () => {
    for (const blocked of [olga, otto]) {
      world.store.epochs.clear();
      own({ planner: olga });
      const session = await open();
      own({ planner: otto });
      const token = (await access("planner", session)).body.access_token as string;
      expect(await introspect(token)).toMatchObject({ active: true });
      setBlock(blocked);
      expect(await introspect(token)).toEqual({ active: false });
      expect((await access("planner", session)).status).not.toBe(200);
    }
  });
});

it("an access token names the owners of its chain by hash, as our verifier reads it", async () => {
  const token = (await access("researcher", await below(await open()))).body.access_token as string;
  const claims = decodeUnverified(token)?.payload as Record<string, unknown>;
  expect(claims.others).toEqual(
    expect.arrayContaining([olga, otto].map((owner) => [cutName(issuer, subjectOf(owner)), 0])),
  );
  expect(readAccess(claims, tickets).ok).toBe(true);
  expect(JSON.stringify(claims)).not.toContain(personId(olga.issuer, olga.sub));
});
