import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import {
  CrossAppAccessProvider,
  createPrivateKeyJwtAuth,
  DpopSession,
  discoverAndRequestJwtAuthGrant,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
} from "@modelcontextprotocol/client";
import { calculateJwkThumbprint, exportJWK, importPKCS8 } from "jose";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../client/index.ts";
import { createResourceServer } from "../../../client/verify.ts";
import { openEmbedded } from "../../../conformance/embedded.ts";
import { clientIdAtLanyard } from "../../../local/demo/identity-provider/id-jag.ts";
import { openDesk } from "../../clients/ground.ts";
import { startForeignPlatform } from "../attestation/foreign-platform.ts";

const owner = { owner: "reach@support-desk.example", sponsor: "reach@support-desk.example", state: "active" };
const attests = (name: string) => [
  { type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/reach/${name}` } },
];
const subject = "repo:acme/runner";
/** The application that the laptop's people sign in at, by its agent's name. */
export const application = "researcher";
/** The key of an MCP host on somebody's laptop, which its registration lists. */
const laptopKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
const back = "https://back.reach.example";

/** Two MCP servers: `strict` demands proofs, `legacy` cannot check them. */
const rowsFor = (strict: string, legacy: string, platform: string) => {
  const both = [
    { resource: strict, scopes: ["desk:read"] },
    { resource: legacy, scopes: ["legacy:read"] },
  ];
  const issuer = `\${identityProvider}`;
  const served = { kind: "resource", servedBy: "keeper" };
  return [
    {
      ...{ kind: "agent", name: "laptop", ...owner, selectors: [], minimumAssurance: "document", withoutProof: true },
      keys: [{ ...laptopKey.publicKey.export({ format: "jwk" }), kid: "laptop-1", alg: "ES256", use: "sig" }],
      aliases: [{ issuer, clientId: clientIdAtLanyard(application) }],
      may: both,
      lends: both,
    },
    {
      ...{ kind: "agent", name: "runner", ...owner, minimumAssurance: "document", withoutProof: true },
      selectors: [{ type: "oidc", exact: { issuer: platform, subject } }],
      may: both,
      lends: both,
    },
    {
      ...{ kind: "agent", name: "keeper", ...owner, selectors: attests("keeper") },
      acceptsTokensOf: [{ issuer, clients: ["triage-app"] }],
      may: [{ resource: back, scopes: ["back:read"] }],
    },
    { kind: "agent", name: "backer", ...owner, selectors: attests("backer") },
    { ...served, name: "strict", uri: strict, scopes: ["desk:read"] },
    { ...served, name: "legacy", uri: legacy, scopes: ["legacy:read"], senderConstraint: "none" },
    { kind: "resource", name: "back", uri: back, servedBy: "backer", scopes: ["back:read"] },
    {
      ...{ kind: "entailment", name: "desk-shows-back", agent: "keeper" },
      from: { resource: strict, scope: "desk:read" },
      to: { resource: back, scopes: ["back:read"] },
    },
    {
      ...{ kind: "lending", name: "people-lend-desks", issuer, when: { claim: "groups", equals: "support" } },
      lends: [...both, { resource: back, scopes: ["back:read"] }],
    },
    { kind: "trusted-issuer", name: "ci", purpose: "workload", issuer: platform, algorithms: ["ES256"] },
  ];
};

/** The embedded cloud, two MCP servers, people's provider and a platform, for clients that know nothing of Lanyard. */
export async function openGround() {
  const [strict, legacy, platform] = await Promise.all([openDesk(), openDesk(), startForeignPlatform()]);
  const embedded = await openEmbedded(rowsFor(strict.uri, legacy.uri, platform.issuer));
  const { issuer, aws, agents } = embedded.world.endpoints;
  const { provider } = embedded.world;
  const registered = (name: string) => {
    const found = agents[name];
    if (!found) throw new Error(`no agent ${name}`);
    return found;
  };
  const { id: keeperId, credentials } = registered("keeper");
  const evidence = awsStsWebIdentity({ ...aws, credentials: { ...credentials } });
  const keeper = createAgent({ issuer, agent: keeperId, evidence });
  const guard = (resource: string, scopes: string[], more: object = {}) =>
    createResourceServer({
      ...{ issuer, resource, mode: "introspect", agent: keeper, description: { name: "Desk", scopes } },
      ...more,
    });
  strict.guard = guard(strict.uri, ["desk:read"]);
  legacy.guard = guard(legacy.uri, ["legacy:read"], { acceptBearer: true });
  const close = async () => {
    await Promise.all([embedded.close(), strict.close(), legacy.close(), platform.close()]);
  };
  return {
    ...{ issuer, strict, legacy, back, keeper, keeperId, provider, platform, operator: embedded.ground.operator },
    laptop: registered("laptop").id,
    runner: registered("runner").id,
    /** A platform's token of the runner, new each time. */
    workloadToken: (more: object = {}) =>
      platform.token({ iss: platform.issuer, sub: subject, aud: issuer, jti: crypto.randomUUID(), ...more }),
    close,
  };
}

export type Ground = Awaited<ReturnType<typeof openGround>>;

/** An MCP client's DPoP key. */
export async function dpopSession(): Promise<DpopSession> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const publicJwk = { kty, crv, x, y } as const;
  const thumbprint = await calculateJwkThumbprint(publicJwk as never);
  return DpopSession.create({ keyPair: { ...pair, publicJwk, thumbprint, alg: "ES256" } as never });
}

const pkcs8 = createPrivateKey(laptopKey.privateKey.export({ format: "pem", type: "pkcs8" }))
  .export({ format: "pem", type: "pkcs8" })
  .toString();

/** The private half of the laptop's registered key. */
export const laptopKeyOf = () => importPKCS8(pkcs8, "ES256");

/** The SDK's own way to authenticate by a registered key. */
export const byLaptopKey = (clientId: string) =>
  createPrivateKeyJwtAuth({ issuer: clientId, subject: clientId, privateKey: pkcs8, alg: "ES256" });

/** The SDK's provider for a client that works on its own account, by its registered key. */
export const ownWork = (ground: Ground): OAuthClientProvider =>
  new PrivateKeyJwtProvider({
    ...{ clientId: ground.laptop, privateKey: pkcs8, algorithm: "ES256", expectedIssuer: ground.issuer },
  });

/** The SDK's provider of enterprise-managed authorization, which gets its assertions at the people's provider. */
export function crossApp(ground: Ground, seen: string[] = []): OAuthClientProvider {
  const clientId = clientIdAtLanyard(application);
  const made: OAuthClientProvider = new CrossAppAccessProvider({
    ...{ clientId, clientSecret: undefined as never, expectedIssuer: ground.issuer },
    assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
      const { clientId: client, clientSecret } = ground.provider.application(application);
      const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
        ...{ idpUrl: ground.provider.issuer, audience: authorizationServerUrl, resource: resourceUrl },
        idToken: (await ground.provider.signInAs(application)).id_token,
        ...{ clientId: client, clientSecret, fetchFn },
        ...(scope === undefined ? {} : { scope }),
      });
      seen.push(jwtAuthGrant);
      return jwtAuthGrant;
    },
  });
  made.addClientAuthentication = byLaptopKey(clientId);
  return made;
}
