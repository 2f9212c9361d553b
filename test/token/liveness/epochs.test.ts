import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { cutName } from "../../../core/status/cut-name.ts";
import { readAccess } from "../../../core/verify/verified-access.ts";
import { tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { issuer } from "../../kit/world/ground.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
beforeEach(async () => {
  world = await createWorld([], tokens);
  [planner, researcher] = await Promise.all([world.newAgent("planner"), world.newAgent("researcher")]);
});

const raise = (subject: string, epoch: number) => world.store.epochs.set(subject, { epoch, blocked: false });
const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
const forTickets = { resource: tickets, scope: "tickets:read" };

/** The planner's session for ada, an offer of it, and the researcher's access token below. */
async function belowOffer() {
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
  const session = opened.body.access_token as string;
  const offer = await world.exchange(planner, session, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
  });
  return world.exchange(researcher, offer.body.access_token, offerTokenType, {
    requested_token_type: accessTokenType,
  });
}

describe("an access token says what its session was issued under", () => {
  it("on the agent's own: deployment, principal, agent", async () => {
    raise(`principal:${researcher.id}`, 3);
    raise(`agent:${researcher.id}`, 2);
    const build = "sha256:feed";
    raise(`build:${build}`, 4);
    const gen = { [`agent:${researcher.id}`]: 2, [`build:${build}`]: 4, deployment: 0 };
    const { status, body } = await world.send(
      "token",
      { ...researcher, identity: () => researcher.identity({ gen, build }) },
      { grant_type: "client_credentials", ...forTickets },
    );
    expect(status).toBe(200);
    const said = claims(body.access_token);
    expect(said).toMatchObject({ epochs: [0, 3, 2], others: [[cutName(issuer, `build:${build}`), 4]] });
    expect(JSON.stringify(said)).not.toContain(build);
  });

  it("for a person: the principal, every agent of the chain in its order, and the login, as our verifier derives them", async () => {
    raise(`agent:${planner.id}`, 2);
    raise(`agent:${researcher.id}`, 5);
    const identify = (agent: TestAgent, epoch: number): TestAgent => ({
      ...agent,
      identity: (more = {}, header = {}) =>
        agent.identity({ gen: { [`agent:${agent.id}`]: epoch, deployment: 0 }, ...more }, header),
    });
    planner = identify(planner, 2);
    researcher = identify(researcher, 5);
    const { status, body } = await belowOffer();
    expect([status, body.error_description]).toEqual([200, undefined]);
    const said = claims(body.access_token);
    expect(said.epochs).toEqual([0, 0, 2, 5, ...(said.login as string[]).map(() => 0)]);
    const read = readAccess(said, tickets);
    expect(read.ok && read.value.issuedUnder?.epochs).toEqual([
      ["deployment", 0],
      [`principal:${said.sub}`, 0],
      [`agent:${planner.id}`, 2],
      [`agent:${researcher.id}`, 5],
      ...(said.login as string[]).map((name) => [`login:${name}`, 0]),
    ]);
    const stored = [...world.store.sessions.values()].find(({ sid }) => sid === said.sid);
    expect(Object.fromEntries(read.ok ? (read.value.issuedUnder?.epochs ?? []) : [])).toEqual(stored?.epochs);
  });
});

it("names builds by the hash that the document of cuts has, and never by their digests", () => {
  const build = "build:sha256:feed";
  expect(cutName(issuer, build)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  // a name means nothing in another deployment, and no two parts make another's text
  expect(cutName(`${issuer}/x`, build)).not.toBe(cutName(issuer, `/x${build}`));
});
