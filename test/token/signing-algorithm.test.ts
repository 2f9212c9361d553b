import { decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import type { ResourceRegistration } from "../../core/model/resource-registration.ts";
import { sessionTokenType } from "../../core/model/wire.ts";
import { registrationSchema } from "../../core/registry/schema.ts";
import { ownKeys, signersOf, type TestSigner, testRsaSigner, testSigner } from "../kit/keys.ts";
import { customers, tickets } from "../kit/registry.ts";
import { issuer } from "../kit/world/ground.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

const row = (more: object): ResourceRegistration => ({
  kind: "resource",
  name: "tickets",
  uri: tickets,
  servedBy: "ticket-api",
  scopes: ["tickets:read", "tickets:write", "tickets:admin"],
  ...more,
});
const ask = { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" };

/** A world whose session keys are one P-256 and one RSA key. */
async function createBoth(registered: ResourceRegistration): Promise<{ world: World<Tokens>; rsa: TestSigner }> {
  const world = await createWorld([registered], tokens);
  const rsa = await testRsaSigner("session");
  const deps = {
    ...world.deps,
    // the first is the one that signs where nobody asks for an algorithm, as RSA is in a deployment
    signer: signersOf(rsa, world.signers.session),
    ownKeys: ownKeys(testSigner("identity", world.identityKey), world.signers.session, rsa),
  };
  world.endpoints.token = createTokenEndpoint(deps);
  world.endpoints.introspect = createIntrospectEndpoint(deps);
  return { world, rsa };
}

describe("a resource registered for RS256", () => {
  let world: World<Tokens>;
  let rsa: TestSigner;
  beforeAll(async () => {
    ({ world, rsa } = await createBoth(row({ accessTokenSigningAlg: "RS256" })));
  });

  it("gets access tokens by the RSA session key, which a standard verifier accepts", async () => {
    const researcher = await world.newAgent("researcher");
    const { body } = await world.send("token", researcher, ask);
    expect(decodeProtectedHeader(body.access_token)).toEqual({ alg: "RS256", kid: rsa.public.kid, typ: "at+jwt" });
    const key = await importJWK(rsa.public.jwk, "RS256");
    const verified = await jwtVerify(body.access_token, key, {
      issuer,
      audience: tickets,
      typ: "at+jwt",
      currentDate: new Date(world.time.seconds * 1000),
    });
    expect(verified.payload.client_id).toBe(researcher.id);
  });

  it("sees them alive by introspection, and dead with a signature of the other key", async () => {
    const [researcher, server] = [await world.newAgent("researcher"), await world.newAgent("ticket-api")];
    const { body } = await world.send("token", researcher, ask);
    const alive = await world.send("introspect", server, { token: body.access_token });
    expect(alive.body.active).toBe(true);
    const [header = "", payload = ""] = String(body.access_token).split(".");
    const forged = Buffer.from(world.sessionKey.raw(Buffer.from(`${header}.${payload}`))).toString("base64url");
    const dead = await world.send("introspect", server, { token: `${header}.${payload}.${forged}` });
    expect(dead.body).toEqual({ active: false });
  });

  it("refuses a session token whose header names the other of the two session keys' algorithms", async () => {
    const researcher = await world.newAgent("researcher");
    const { body } = await world.send("token", researcher, { ...ask, requested_token_type: sessionTokenType });
    const [, payload = ""] = String(body.access_token).split(".");
    const header = Buffer.from(
      JSON.stringify({ alg: "ES256", kid: rsa.public.kid, typ: "lanyard-session+jwt" }),
    ).toString("base64url");
    const signature = Buffer.from(world.sessionKey.raw(Buffer.from(`${header}.${payload}`))).toString("base64url");
    const answer = await world.exchange(researcher, `${header}.${payload}.${signature}`, sessionTokenType, {
      resource: tickets,
    });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_request"]);
  });
});

describe("a resource registered for ES256", () => {
  let world: World<Tokens>;
  beforeAll(async () => {
    ({ world } = await createBoth(row({ accessTokenSigningAlg: "ES256" })));
  });

  it("gets access tokens by the session key of P-256", async () => {
    const { body } = await world.send("token", await world.newAgent("researcher"), ask);
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: "ES256", kid: world.sessionKey.jkt });
  });

  it("changes nothing for session tokens, which are Lanyard's own affair", async () => {
    const researcher = await world.newAgent("researcher");
    const { body } = await world.send("token", researcher, { ...ask, requested_token_type: sessionTokenType });
    expect(decodeProtectedHeader(body.access_token).alg).toBe("RS256");
  });
});

describe("the algorithm of a resource's tokens", () => {
  it("is RS256 unless its registration says otherwise", async () => {
    const { world, rsa } = await createBoth(row({}));
    const { body } = await world.send("token", await world.newAgent("researcher"), ask);
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: "RS256", kid: rsa.public.kid });
  });

  it.each(["none", "HS256", "PS256", "ES384", "es256", ""])("cannot be %j", (accessTokenSigningAlg) => {
    expect(registrationSchema.safeParse(row({ accessTokenSigningAlg })).success).toBe(false);
    expect(registrationSchema.safeParse(row({ accessTokenSigningAlg: "RS256" })).success).toBe(true);
  });

  it("is each resource's own: one at ES256 leaves its neighbour at RS256", async () => {
    const { world } = await createBoth(row({ accessTokenSigningAlg: "ES256" }));
    const planner = await world.newAgent("planner");
    const { body } = await world.exchange(
      planner,
      world.idToken("planner-app"),
      "urn:ietf:params:oauth:token-type:id_token",
      { resource: customers, scope: "customers:read" },
    );
    expect(decodeProtectedHeader(body.access_token).alg).toBe("RS256");
  });
});
