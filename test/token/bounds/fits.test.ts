import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCompactJws } from "../../../core/jose/jwt.ts";
import { signJwt } from "../../../core/jose/sign.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { Session } from "../../../core/model/session.ts";
import { idTokenType, offerTokenType, sessionTokenType, tokenTyp } from "../../../core/model/wire.ts";
import { accessClaims, checkFits } from "../../../core/token/claims.ts";
import type { Plan } from "../../../core/token/plan.ts";
import { testRsaSigner } from "../../kit/keys.ts";
import { agent, agentId, idp, registry, tickets } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";
import { tokens } from "../../kit/world/tokens.ts";
import { createWorld } from "../../kit/world/world.ts";

const readTickets = { resource: tickets, scope: "tickets:read" };
/** What a place in a list, and the lengths of two numbers, may be shorter than the longest there is. */
const slackBytes = 12;

describe("a chain that would exceed the token limit is refused at issue", () => {
  test("before anything is stored, for the offer that would lead there, while all before it is read", async () => {
    const long = "x".repeat(limits.agentIdCharacters - agentId("a").length);
    const may = [{ resource: tickets, scopes: ["tickets:read"] }];
    const row = (name: string, more: Partial<AgentRegistration> = {}): Registration =>
      agent(name, { may, maxDepth: limits.depthMax, ...more });
    const names = [`a${long}`, `b${long}`];
    const world = await createWorld(
      [...names.map((name) => row(name, { clients: [{ issuer: idp, clientId: `${name[0]}-app` }] }))],
      tokens,
    );
    const agents = await Promise.all(names.map(world.newAgent));
    const [first] = agents;
    if (!first) throw new Error("there are no agents");
    let token = (
      await world.exchange(first, world.idToken("a-app"), idTokenType, {
        ...readTickets,
        requested_token_type: sessionTokenType,
      })
    ).body.access_token;
    let depth = 0;
    for (; depth < limits.depthMax; depth++) {
      const [giver, taker] = [agents[depth % 2], agents[(depth + 1) % 2]];
      if (!giver || !taker) throw new Error("there are two agents");
      const stored = [world.store.sessions.size, world.store.offers.size, world.store.replayEntries.size];
      const offer = await world.exchange(giver, token, sessionTokenType, {
        ...readTickets,
        audience: taker.id,
        requested_token_type: offerTokenType,
      });
      if (offer.status !== 200) {
        expect(offer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
        expect([world.store.sessions.size, world.store.offers.size, world.store.replayEntries.size]).toEqual(stored);
        const { denial } = JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;
        expect(denial).toMatchObject({ code: "token_too_large", nests: false, depth: depth + 1 });
        break;
      }
      const child = await world.exchange(taker, offer.body.access_token, offerTokenType, {
        requested_token_type: sessionTokenType,
      });
      expect(child.status).toBe(200);
      token = child.body.access_token;
      const access = await world.exchange(taker, token, sessionTokenType, readTickets);
      // whatever was granted is read: by us, who take it as a subject, as by any verifier
      expect([access.status, String(access.body.access_token).length <= limits.issuedTokenBytes]).toEqual([200, true]);
    }
    // names of full length end the chain by its bytes, long after the nesting of a stranger's document
    expect(depth).toBeGreaterThan(limits.jsonDepth);
    expect(depth).toBeLessThan(limits.depthMax);
  });

  test("at the byte: what is let through is never longer than is read, what is refused would be", async () => {
    const signer = await testRsaSigner("session");
    const snapshot = registry();
    const shape = fc.record({
      depth: fc.integer({ min: 0, max: limits.depthMax }),
      name: fc.integer({ min: 30, max: limits.agentIdCharacters }),
      // so many bytes around the limit that both sides are tried
      beside: fc.integer({ min: -60, max: 60 }),
    });
    const session = ({ depth, name }: { depth: number; name: number }): Session => ({
      root: "r".repeat(22),
      sid: "s".repeat(22),
      anc: Array.from({ length: Math.max(0, depth - 1) }, () => "a".repeat(22)),
      depth,
      principal: { id: `p_${"x".repeat(32)}`, kind: "person" },
      actors: Array.from({ length: depth + 1 }, () => "n".repeat(name)),
      grants: [],
      jkt: "j".repeat(43),
      assurance: "document",
      createdAtSeconds: 1_785_542_400,
      expiresAtSeconds: 1_785_543_300,
      epochs: {},
      registryVersion: 1,
      status: { list: "2026073124-0", idx: 7 },
    });
    const times = { iat: 1_785_542_400, exp: 1_785_543_300, jti: "t".repeat(22) };
    const tokenOf = async (of: Session, fill: number) => {
      const details = [{ type: "t", text: "d".repeat(Math.max(0, fill)) }];
      const grant = { resource: tickets, scopes: ["tickets:read"], details };
      const claims = accessClaims({ session: of, grant, times }, issuer, snapshot);
      return { grant, token: (await signJwt(signer, { typ: tokenTyp.access, joinId: of.sid }, claims)).token };
    };
    const outcomes = { fits: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(shape, async ({ beside, ...of }) => {
        const chain = session(of);
        const empty = (await tokenOf(chain, 0)).token.length;
        const { grant, token } = await tokenOf(chain, Math.floor(((limits.issuedTokenBytes - empty) * 3) / 4) + beside);
        const { principal, actors, depth } = chain;
        const plan: Plan = {
          action: "access",
          grants: [grant],
          lifeSeconds: 300,
          principal,
          actors,
          depth,
          existing: chain,
        };
        const fits = checkFits(plan, issuer, snapshot);
        outcomes[fits.ok ? "fits" : "refused"] += 1;
        // read by every verifier, however deep its actors nest
        if (fits.ok) expect(parseCompactJws(token, limits.issuedTokenBytes)).toBeDefined();
        else expect(token.length).toBeGreaterThan(limits.issuedTokenBytes - slackBytes);
      }),
      { numRuns: 300 },
    );
    expect(Math.min(outcomes.fits, outcomes.refused)).toBeGreaterThan(30);
  });
});
