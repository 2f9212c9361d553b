import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { limits } from "../../core/model/limits.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { customers, tickets } from "../kit/registry.ts";
import { vectors } from "../kit/vectors.ts";
import { type Answer, createWorld, type Params, type TestAgent, type World } from "../kit/world.ts";

interface Case {
  readonly name: string;
  readonly form: Readonly<Record<string, string | readonly string[] | boolean>>;
  readonly expect: string | number;
}

const { cases } = vectors<{ cases: readonly Case[] }>("oauth/token-exchange-cases.json");

/** Where the vectors leave it to us, or say it in words: what we chose. */
const chosen: Readonly<Record<string, string | number>> = {
  "actor not permitted by may_act": "invalid_request",
  "self-exchange loop": "invalid_request",
  "lifetime extension": 200,
  "empty parameter": 200,
};
/** The vectors' resource is our ticket API, their session token (a JWT to them) our session token. */
const ours: Readonly<Record<string, string>> = {
  "https://rs.example.com": tickets,
  "urn:ietf:params:oauth:token-type:jwt": sessionTokenType,
};

let world: World;
let planner: TestAgent;
let session: string;
beforeEach(async () => {
  world = await createWorld();
  planner = await world.newAgent("planner");
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
    lifetime_seconds: "60",
  });
  session = opened.body.access_token;
});

const claims = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;

/** Makes the tokens that a case names by their roles. */
const roles: Readonly<Record<string, () => string | Promise<string>>> = {
  "<session>": () => session,
  "<cnf.jkt>": () => session,
  "<same as subject>": () => session,
  "<a>": () => session,
  "<b>": () => session,
  "<other>": async () => (await world.newAgent("triage")).identity(),
  "<expired>": () => {
    world.time.seconds += 60;
    return session;
  },
  "<revoked>": async () => {
    await world.order({ revoke: { session: claims(session).sid }, reason: "vector" });
    return session;
  },
  // fifty would still be within our bound; what is signed here could only be our own mistake
  "<deep act>": () => {
    let act: object | undefined;
    for (let depth = 0; depth <= limits.depthMax + 1; depth++) act = { sub: planner.id, ...(act ? { act } : {}) };
    const header = { alg: "ES256", kid: world.sessionKey.jkt, typ: "lanyard-session+jwt" };
    return world.sessionKey.jws(header, { ...claims(session), act });
  },
};

async function send({ name, form }: Case): Promise<Answer> {
  const caller = name.endsWith("by another key") ? await world.newAgent("planner") : planner;
  if (form._json)
    return world.send("token", caller, {}, { call: { contentType: "application/json", body: JSON.stringify(form) } });
  const params: Record<string, string | readonly string[]> = {};
  for (const [key, value] of Object.entries(form)) {
    const values = await Promise.all([value].flat().map(async (one) => roles[String(one)]?.() ?? String(one)));
    const [first = ""] = values;
    // an actor token is an identity token of ours, which is a JWT here too
    params[key] = values.length > 1 ? values : key === "actor_token_type" ? first : (ours[first] ?? first);
  }
  return world.send("token", caller, params as Params);
}

describe("token exchange requests of the vectors", () => {
  it.each(cases.map((one) => [chosen[one.name] ?? one.expect, one.name, one] as const))(
    "are answered %s: %s",
    async (wanted, name, one) => {
      const signatures = world.signer.signatures;
      const { status, body } = await send(one);
      if (wanted === 200) {
        expect([status, body.token_type]).toEqual([200, "DPoP"]);
        expect(claims(body.access_token).aud).toBe(tickets);
        expect(Number(claims(body.access_token).exp)).toBeLessThanOrEqual(Number(claims(session).exp));
      } else {
        expect(body.error, `${name}: ${JSON.stringify(body)}`).toBe(wanted);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(world.signer.signatures).toBe(signatures);
      }
    },
  );
});
