/** MCP clients as they are, by the SDK's own providers, against the functions that deploy: each by the grant it speaks. */
import {
  ClientCredentialsProvider,
  discoverAuthorizationServerMetadata,
  type OAuthClientProvider,
  withOAuth,
} from "@modelcontextprotocol/client";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jwtBearerGrant } from "../../../core/model/wire.ts";
import { createWire } from "../../kit/wire/client.ts";
import { formBody } from "../../kit/wire/forms.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";
import { application, byLaptopKey, crossApp, dpopSession, type Ground, openGround, ownWork } from "./grant-ground.ts";
import { providerCases } from "./mcp/grants.ts";

let ground: Ground;
let tokenEndpoint: string;
const wire = createWire();

beforeAll(async () => {
  ground = await openGround();
  const metadata = await discoverAuthorizationServerMetadata(ground.issuer);
  tokenEndpoint = String(metadata?.token_endpoint);
});
afterAll(async () => {
  await ground?.close();
});

/** Opens an MCP server with a provider, and tells the answer and what the provider was given. */
async function opened(provider: OAuthClientProvider, uri: string) {
  const answer = await withOAuth(provider, uri)(fetch)(uri);
  const tokens = await provider.tokens();
  return { status: answer.status, text: await answer.text(), tokens, claims: decodeJwt(tokens?.access_token ?? "") };
}
const binding = async (provider: OAuthClientProvider): Promise<OAuthClientProvider> => {
  const session = await dpopSession();
  return Object.assign(provider, { dpop: () => session });
};

/** Posts a form as it is, with a proof by `key` or with none. */
async function post(fields: Record<string, string>, key?: TestKey) {
  const body = formBody(Object.entries(fields));
  if (key) return wire.post(tokenEndpoint, body, { key });
  const answer = await fetch(tokenEndpoint, { method: "POST", body: new URLSearchParams(fields) });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}
const grant = (assertion: string, more: object = {}) => ({ grant_type: jwtBearerGrant, assertion, ...more });
/** A client assertion of the laptop, as the SDK makes it. */
async function clientAssertion(): Promise<Record<string, string>> {
  const form = new URLSearchParams();
  await byLaptopKey(ground.laptop)(new Headers(), form, tokenEndpoint, { issuer: ground.issuer } as never);
  return Object.fromEntries(form);
}
/** An identity assertion, as the SDK gets one. */
async function assertion(): Promise<string> {
  const seen: string[] = [];
  await opened(await binding(crossApp(ground, seen)), ground.strict.uri);
  return seen[0] ?? "";
}

describe("the MCP SDK's client", () => {
  it("finds grant, profile and methods in the metadata", async () => {
    const metadata = (await discoverAuthorizationServerMetadata(ground.issuer)) as Record<string, unknown>;
    expect(metadata.grant_types_supported).toContain(jwtBearerGrant);
    expect(metadata.authorization_grant_profiles_supported).toEqual(["urn:ietf:params:oauth:grant-profile:id-jag"]);
    expect(metadata.token_endpoint_auth_methods_supported).toContain("private_key_jwt");
  });

  it("PrivateKeyJwtProvider opens a server that demands proofs, by a registered key and DPoP", async () => {
    const { status, text, tokens, claims } = await opened(await binding(ownWork(ground)), ground.strict.uri);
    expect([status, text, tokens?.token_type]).toEqual([200, "hello", "DPoP"]);
    expect(claims).toMatchObject({ sub: ground.laptop, client_id: ground.laptop, assurance: "document" });
  });

  it("PrivateKeyJwtProvider as it comes, without DPoP, opens one that takes bearer tokens, and no other", async () => {
    const { status, tokens, claims } = await opened(ownWork(ground), ground.legacy.uri);
    expect([status, tokens?.token_type, tokens?.expires_in]).toEqual([200, "Bearer", 120]);
    expect(claims).not.toHaveProperty("cnf");
    await expect(opened(ownWork(ground), ground.strict.uri)).rejects.toThrow(/DPoP proof/);
  });

  it("CrossAppAccessProvider opens both for the person who signed in at the company's provider", async () => {
    const bound = await opened(await binding(crossApp(ground)), ground.strict.uri);
    expect([bound.status, bound.tokens?.token_type]).toEqual([200, "DPoP"]);
    expect(bound.claims).toMatchObject({ client_id: ground.laptop, act: { sub: ground.laptop }, scope: "desk:read" });
    expect(bound.claims.sub).toMatch(/^p_/);
    const open = await opened(crossApp(ground), ground.legacy.uri);
    expect([open.status, open.tokens?.token_type, open.claims.sub]).toEqual([200, "Bearer", bound.claims.sub]);
  });

  it("ClientCredentialsProvider, which has a secret, gets nothing", async () => {
    const clientId = ground.laptop;
    const secret = new ClientCredentialsProvider({ clientId, clientSecret: "s3cret", expectedIssuer: ground.issuer });
    await expect(opened(secret, ground.legacy.uri)).rejects.toThrow();
    expect(await secret.tokens()).toBeUndefined();
  });
});

describe("createMcpProvider", () => {
  providerCases(() => ground);
});

describe("a platform's token", () => {
  const forLegacy = () => ({ resource: ground.legacy.uri, scope: "legacy:read" });

  it("gets its workload a bound token by its key, and another key nothing", async () => {
    const [key, thief] = await Promise.all([testKey(), testKey()]);
    const document = ground.workloadToken();
    const form = grant(document, { resource: ground.strict.uri, scope: "desk:read" });
    const given = await post(form, key);
    expect([given.status, given.json.token_type]).toEqual([200, "DPoP"]);
    expect(decodeJwt(String(given.json.access_token))).toMatchObject({ sub: ground.runner });
    const stolen = await post(form, thief);
    expect([stolen.status, stolen.json.error]).toEqual([400, "invalid_grant"]);
  });

  it("without a proof opens one session, the same for each call, and its bearer tokens open the server", async () => {
    const form = grant(ground.workloadToken({ aud: tokenEndpoint }), forLegacy());
    const answers = await Promise.all([post(form), post(form), post(form)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const tokens = answers.map(({ json }) => String(json.access_token));
    expect(new Set(tokens.map((token) => decodeJwt(token).sid)).size).toBe(1);
    const answer = await fetch(ground.legacy.uri, { headers: { Authorization: `Bearer ${tokens[0]}` } });
    expect(answer.status).toBe(200);
  });
});

describe("an MCP server", () => {
  it("goes on by the token of an ordinary host, as far as the registry says, and no further", async () => {
    const at = { resource: ground.strict.uri, scope: "desk:read" };
    const wanted = { grants: [{ resource: ground.back, scopes: ["back:read"] }] };
    const of = async (host: string) => (await ground.provider.signInAs(host, "ada", at)).access_token;
    const session = await ground.keeper.hop(await of("triage"), wanted);
    expect(session).toMatchObject({ agent: ground.keeperId, principal: expect.stringMatching(/^p_/) });
    // an application that is not registered as one of its hosts
    await expect(ground.keeper.hop(await of("planner"), wanted)).rejects.toMatchObject({ code: "request_refused" });
    // Grace is signed in just as well, and lends nothing
    const { access_token: graces } = await ground.provider.signInAs("triage", "grace", at);
    await expect(ground.keeper.hop(graces, wanted)).rejects.toMatchObject({ code: "scope_refused" });
  });
});

describe("threat 2: on the functions that deploy", () => {
  it("an identity assertion opens one session: another key gets nothing, in a race as well", async () => {
    const shown = await assertion();
    const [key, thief] = await Promise.all([testKey(), testKey()]);
    const form = async () => ({ ...grant(shown), ...(await clientAssertion()) });
    expect((await post(await form(), thief)).json.error).toBe("invalid_grant");
    const { id_token } = await ground.provider.signInAs(application);
    const fresh = await asserted(id_token);
    const raced = async (by: TestKey) => post({ ...grant(fresh), ...(await clientAssertion()) }, by);
    const answers = await Promise.all([raced(key), raced(thief)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  it("a client assertion authenticates once", async () => {
    const key = await testKey();
    const form = {
      ...{ grant_type: "client_credentials", resource: ground.strict.uri, scope: "desk:read" },
      ...(await clientAssertion()),
    };
    const first = await post(form, key);
    const again = await post(form, key);
    expect([first.status, again.status, again.json.error]).toEqual([200, 401, "invalid_client"]);
  });

  it("a login that an operator burnt opens nothing more by an assertion of it", async () => {
    const key = await testKey();
    const { id_token } = await ground.provider.signInAs(application);
    const first = await post({ ...grant(await asserted(id_token)), ...(await clientAssertion()) }, key);
    expect(first.status).toBe(200);
    const { sid } = decodeJwt(String(first.json.access_token));
    await ground.operator?.order({ revoke: { session: sid }, reason: "it misbehaves" });
    const second = await post({ ...grant(await asserted(id_token)), ...(await clientAssertion()) }, key);
    expect([second.status, second.json.error, second.json.max_age]).toEqual([400, "invalid_grant", 0]);
  });

  /** The provider's assertion for a sign-in that was made before. */
  async function asserted(subject_token: string): Promise<string> {
    const { clientId: client_id, clientSecret: client_secret } = ground.provider.application(application);
    const form = {
      ...{ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", audience: ground.issuer },
      ...{ requested_token_type: "urn:ietf:params:oauth:token-type:id-jag", resource: ground.strict.uri },
      ...{ subject_token, subject_token_type: "urn:ietf:params:oauth:token-type:id_token", scope: "desk:read" },
      ...{ client_id, client_secret },
    };
    const answer = await fetch(`${ground.provider.issuer}/token`, { method: "POST", body: new URLSearchParams(form) });
    return String(((await answer.json()) as Record<string, unknown>).access_token);
  }
});
