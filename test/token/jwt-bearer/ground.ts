import { beforeEach } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { AgentKey, AgentRegistration } from "../../../core/model/agent-registration.ts";
import { jwtBearerAssertionType, jwtBearerGrant } from "../../../core/model/wire.ts";
import { randomIds } from "../../kit/keys.ts";
import { agent, agentId, idp, inBase, otherIdp, tickets } from "../../kit/registry.ts";
import { dpopProof, type TestKey, testKey } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { issuer } from "../../kit/world/ground.ts";
import { type Params, type Tokens, tokens, tokenUrl } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const ci = "https://token.ci.example";
/** The planner's client id at the two providers. */
export const alias = "client-4711";
export const forTickets = { resource: tickets, scope: "tickets:read" };

export let world: World<Tokens>;
export let planner: TestAgent;
export let triage: TestAgent;
/** The planner's registered key, and the one of the platform that runs it. */
export let plannerKey: TestKey;
export let ciKey: TestKey;

/** A test's key as a registration lists it. */
export const registered = ({ jwk }: TestKey, kid = "k1"): AgentKey => ({ ...jwk, kid, alg: "ES256" }) as AgentKey;

/** The planner, by its registered key and its platform, with what a test changes. */
export const plannerRow = (more: Partial<AgentRegistration> = {}): AgentRegistration => ({
  ...inBase("agent", "planner"),
  selectors: [{ type: "oidc", exact: { issuer: ci, subject: "repo:acme/planner" } }],
  keys: [registered(plannerKey)],
  aliases: [
    { issuer: idp, clientId: alias },
    { issuer: otherIdp, clientId: "client-at-partners" },
  ],
  lends: [{ resource: tickets, scopes: ["tickets:read"] }],
  ...more,
});

/** Both providers' assertions count. */
export const asserting = [
  { ...inBase("trusted-issuer", "people"), identityAssertions: true as const },
  { ...inBase("trusted-issuer", "partners"), identityAssertions: true as const },
];

export const platform = {
  kind: "trusted-issuer",
  name: "ci",
  purpose: "workload",
  issuer: ci,
  algorithms: ["ES256"],
} as const;

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    [plannerKey, ciKey] = await Promise.all([testKey(), testKey()]);
    world = await createWorld([plannerRow(), ...asserting, platform], tokens);
    world.web.issuer(ci, [{ ...ciKey.jwk, kid: "k1", alg: "ES256", use: "sig" }]);
    planner = await world.newAgent("planner");
    triage = await world.newAgent("triage");
  });
}

/** An identity assertion for the planner, right in every way but for what a test changes. */
export const idJag = (claims: object = {}, header: object = {}, key = world.idpKey) =>
  key.jws(
    { alg: "ES256", kid: "k1", typ: "oauth-id-jag+jwt", ...header },
    {
      iss: idp,
      sub: "ada",
      aud: issuer,
      client_id: alias,
      resource: tickets,
      scope: "tickets:read tickets:write",
      jti: randomIds.id(),
      iat: world.time.seconds,
      exp: world.time.seconds + 300,
      auth_time: world.time.seconds,
      groups: ["support"],
      ...claims,
    },
  );

/** Shows an assertion as an agent that attested. */
export const show = (assertion: string, more: Params = {}, by = planner) =>
  world.send("token", by, { grant_type: jwtBearerGrant, assertion, ...more });

/** The last record that was written. */
export const told = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}");
/** The answer to an identity assertion, and the code it was refused by. */
export const outcome = async (assertion: string, more: object = {}, by = planner) => {
  const { status, body } = await show(assertion, { ...more }, by);
  return [status, body.error, told().status_code];
};
/** How a refused assertion is answered (RFC 7523 3.1). */
export const refusedBy = (code: string) => [400, "invalid_grant", code];

/** A client assertion by the planner's registered key. */
export const byKey = (claims: object = {}, header: object = {}, key = plannerKey) =>
  key.jws(
    { alg: "ES256", typ: "JWT", ...header },
    {
      iss: alias,
      sub: alias,
      aud: issuer,
      jti: randomIds.id(),
      iat: world.time.seconds,
      exp: world.time.seconds + 300,
      ...claims,
    },
  );

/** A platform's token of the planner. */
export const workloadToken = (claims: object = {}, header: object = {}, key = ciKey) =>
  key.jws(
    { alg: "ES256", kid: "k1", typ: "JWT", ...header },
    {
      iss: ci,
      sub: "repo:acme/planner",
      aud: issuer,
      jti: randomIds.id(),
      iat: world.time.seconds,
      exp: world.time.seconds + 900,
      ...claims,
    },
  );

/** A form exactly as given, with a proof by `key`, or with none. */
export async function post(params: Params, key?: TestKey) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    for (const one of value === undefined ? [] : [value].flat()) form.append(name, one as string);
  const proofs = key ? [dpopProof(key, { url: tokenUrl, atSeconds: world.time.seconds })] : [];
  return world.answer(await world.endpoints.token(world.call(form.toString(), proofs)));
}

/** Parameters of a client that authenticates by its registered key. */
export const withKey = (client_assertion = byKey()): Params => ({
  client_assertion_type: jwtBearerAssertionType,
  client_assertion,
});

export const claimsOf = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
export const sidOf = (token: string) => String(claimsOf(token).sid);
export const plannerId = agentId("planner");
/** What was refused last, by whichever way it was recorded: its code, and whether it has a record of its own. */
export const refusal = () => {
  const { own, aggregated } = world.takeDenial();
  return { code: own?.denial?.code ?? aggregated?.code, own };
};
export { agent };
