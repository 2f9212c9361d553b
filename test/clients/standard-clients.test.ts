import {
  auth,
  DpopSession,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  type OAuthClientProvider,
  type OAuthTokens,
  withOAuth,
} from "@modelcontextprotocol/client";
import { generateProof } from "dpop";
import { exportJWK } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessTokenType, sessionTokenType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { conformanceCommand } from "./conformance-command.ts";
import { conformanceTable } from "./conformance-table.ts";
import { documentedClients } from "./documented.ts";
import { type Attested, type Ground, openGround } from "./ground.ts";

let ground: Ground;
let clerk: Attested;
let keeper: Attested;
beforeAll(async () => {
  ground = await openGround();
  [clerk, keeper] = await Promise.all([ground.attest("clerk"), ground.attest("keeper")]);
});
afterAll(() => ground?.close());

/** The embedded cloud has no TLS. */
const plain = { [oauth.allowInsecureRequests]: true } as const;
const clientAuth =
  (who: Attested): oauth.ClientAuth =>
  (_as, _client, body) =>
    who.assert(body);

/** oauth4webapi's own way: try, and once more when a nonce is demanded. */
async function withNonce<T>(request: () => Promise<Response>, process: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await process(await request());
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown;
    return process(await request());
  }
}

describe("oauth4webapi", () => {
  let as: oauth.AuthorizationServer;
  const client = () => ({ client_id: clerk.id });
  let handle: oauth.DPoPHandle;
  beforeAll(async () => {
    const issuer = new URL(ground.issuer);
    as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain }),
    );
    handle = oauth.DPoP({}, clerk.pair);
  });
  const open = (more: Record<string, string>) =>
    withNonce(
      () => oauth.clientCredentialsGrantRequest(as, client(), clientAuth(clerk), more, { DPoP: handle, ...plain }),
      (response) => oauth.processClientCredentialsResponse(as, client(), response),
    );

  it("discovers the issuer by RFC 8414 and by OpenID Connect Discovery, as one issuer", async () => {
    const issuer = new URL(ground.issuer);
    const other = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...plain }),
    );
    expect([as.issuer, other.issuer]).toEqual([ground.issuer, ground.issuer]);
    expect(as.introspection_endpoint_auth_methods_supported).toEqual(["spiffe_jwt"]);
    expect(as.dpop_signing_alg_values_supported).toContain("ES256");
  });

  it("gets a bound token by client credentials, told once to come back with a nonce", async () => {
    const token = await open({ resource: ground.strict.uri, scope: "desk:read" });
    expect(token).toMatchObject({ token_type: "dpop", scope: "desk:read" });
  });

  it("exchanges a session token for an access token (RFC 8693)", async () => {
    const session = await open({
      resource: ground.strict.uri,
      scope: "desk:read desk:write",
      requested_token_type: sessionTokenType,
    }).catch((thrown) => thrown);
    // oauth4webapi knows bearer and DPoP tokens alone: `N_A` (RFC 8693 2.2.1) it leaves to whoever asks for one
    const answer = session instanceof Error ? (session.cause as { body?: OAuthTokens })?.body : session;
    const subject = String((answer as { access_token?: string })?.access_token);
    const exchanged = await withNonce(
      () =>
        oauth.genericTokenEndpointRequest(
          as,
          client(),
          clientAuth(clerk),
          tokenExchangeGrant,
          {
            subject_token: subject,
            subject_token_type: sessionTokenType,
            resource: ground.strict.uri,
            scope: "desk:read",
          },
          { DPoP: handle, ...plain },
        ),
      (response) => oauth.processGenericTokenEndpointResponse(as, client(), response),
    );
    expect(exchanged).toMatchObject({ issued_token_type: accessTokenType, token_type: "dpop", scope: "desk:read" });
  });

  it("calls a resource that demands nonces, found by its metadata (RFC 9728)", async () => {
    const resource = new URL(ground.strict.uri);
    const found = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, plain),
    );
    expect(found).toMatchObject({
      resource: ground.strict.uri,
      authorization_servers: [ground.issuer],
      dpop_bound_access_tokens_required: true,
    });
    const { access_token: token } = await open({ resource: ground.strict.uri, scope: "desk:read" });
    const call = () =>
      oauth.protectedResourceRequest(token, "GET", resource, undefined, null, { DPoP: handle, ...plain });
    const answer = await withNonce(call, async (response) => response);
    expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
    expect(ground.strict.seen.slice(-2)).toEqual(["proof_nonce_required", clerk.id]);
  });

  /** introspection and revocation take a proof too, which RFC 7662 and 7009 know nothing of. */
  const proved = async (who: Attested, url: string, nonce?: string) => ({
    headers: { DPoP: await generateProof(who.pair, url, "POST", nonce) },
    ...plain,
  });
  const ask = async (who: Attested, url: string, request: (options: object) => Promise<Response>) => {
    const first = await request(await proved(who, url));
    if (first.status !== 400) return first;
    return request(await proved(who, url, first.headers.get("dpop-nonce") ?? undefined));
  };
  const introspect = async (token: string) => {
    const server = { client_id: keeper.id };
    const url = String(as.introspection_endpoint);
    const response = await ask(keeper, url, (options) =>
      oauth.introspectionRequest(as, server, clientAuth(keeper), token, options),
    );
    return oauth.processIntrospectionResponse(as, server, response);
  };

  it("is told by introspection what a token is, and after revocation exactly that it is not active", async () => {
    const { access_token: token } = await open({ resource: ground.strict.uri, scope: "desk:read" });
    expect(await introspect(token)).toMatchObject({ active: true, token_type: "DPoP", aud: ground.strict.uri });
    const url = String(as.revocation_endpoint);
    const revoked = await ask(clerk, url, (options) =>
      oauth.revocationRequest(as, client(), clientAuth(clerk), token, options),
    );
    await oauth.processRevocationResponse(revoked);
    expect(await introspect(token)).toEqual({ active: false });
  });

  it("hears an OAuth error it understands for a scope beyond its registration", async () => {
    await expect(open({ resource: ground.strict.uri, scope: "desk:burn" })).rejects.toMatchObject({
      error: "invalid_scope",
      status: 400,
    });
  });
});

describe("openid-client", () => {
  it("discovers, gets a token and calls the resource, nonces and all by itself", async () => {
    const authenticate: openid.ClientAuth = (_as, _client, body) => clerk.assert(body);
    const config = await openid.discovery(new URL(ground.issuer), clerk.id, {}, authenticate, {
      algorithm: "oauth2",
      execute: [openid.allowInsecureRequests],
    });
    const DPoP = openid.getDPoPHandle(config, clerk.pair);
    const parameters = { resource: ground.strict.uri, scope: "desk:read" };
    const { access_token: token } = await openid.clientCredentialsGrant(config, parameters, { DPoP });
    const url = new URL(ground.strict.uri);
    const answer = await openid.fetchProtectedResource(config, token, url, "GET", undefined, undefined, { DPoP });
    expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
  });
});

describe("the MCP SDK's client", () => {
  /** What a host of MCP clients writes: how to authenticate, where to keep tokens, and whether to bind them. */
  const provider = (dpop: DpopSession, binds: boolean): OAuthClientProvider & { kept: OAuthTokens | undefined } => {
    const made = {
      kept: undefined as OAuthTokens | undefined,
      redirectUrl: undefined,
      clientMetadata: { redirect_uris: [], grant_types: ["client_credentials"] },
      clientInformation: () => ({ client_id: clerk.id }),
      tokens: () => made.kept,
      saveTokens: (tokens: OAuthTokens) => {
        made.kept = tokens;
      },
      redirectToAuthorization: () => {
        throw new Error("agents have no browser");
      },
      saveCodeVerifier: () => undefined,
      codeVerifier: () => "",
      addClientAuthentication: (_headers: Headers, params: URLSearchParams) => clerk.assert(params),
      prepareTokenRequest: (scope?: string) =>
        new URLSearchParams({ grant_type: "client_credentials", ...(scope ? { scope } : {}) }),
      ...(binds ? { dpop: () => dpop } : {}),
    };
    return made;
  };
  const session = async () => {
    const jwk = await exportJWK(clerk.pair.publicKey);
    const { kty, crv, x, y } = jwk;
    const keyPair = { ...clerk.pair, publicJwk: { kty, crv, x, y }, thumbprint: "", alg: "ES256" as const };
    return DpopSession.create({ keyPair: keyPair as never });
  };

  it("finds the issuer from the resource's metadata", async () => {
    const found = await discoverOAuthProtectedResourceMetadata(ground.strict.uri);
    expect(found.authorization_servers).toEqual([ground.issuer]);
    const metadata = await discoverAuthorizationServerMetadata(String(found.authorization_servers?.[0]));
    expect(metadata).toMatchObject({ issuer: ground.issuer, response_types_supported: ["none"] });
  });

  it("opens a resource by a bound token of its own, from a 401 on", async () => {
    const mine = provider(await session(), true);
    const fetched = await withOAuth(mine, ground.strict.uri)(fetch)(ground.strict.uri);
    expect([fetched.status, await fetched.text()]).toEqual([200, "hello"]);
    expect(mine.kept?.token_type).toBe("DPoP");
  });

  it("opens a resource that cannot check proofs by a bearer token, asked for with a proof all the same", async () => {
    const dpop = await session();
    const mine = provider(dpop, false);
    // an MCP client that knows nothing of DPoP, in a host that does: its token requests alone are proved
    const proving: typeof fetch = async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      if ((init?.method ?? "GET") !== "POST") return fetch(input, init);
      const send = async () => {
        const headers = new Headers(init?.headers);
        headers.set("dpop", await dpop.buildProof({ htm: "POST", htu: url }));
        const answer = await fetch(input, { ...init, headers });
        dpop.observeNonce(answer, url);
        return answer;
      };
      const first = await send();
      return first.status === 400 ? send() : first;
    };
    const scope = "legacy:read";
    expect(await auth(mine, { serverUrl: ground.legacy.uri, scope, fetchFn: proving })).toBe("AUTHORIZED");
    expect(mine.kept).toMatchObject({ token_type: "Bearer", expires_in: 120 });
    const bearer = { Authorization: `Bearer ${mine.kept?.access_token}` };
    const opened = await fetch(ground.legacy.uri, { headers: bearer });
    expect([opened.status, await opened.text()]).toEqual([200, "hello"]);
    // and nowhere else: neither as DPoP there, nor at the resource that demands proofs
    const asDpop = { Authorization: `DPoP ${mine.kept?.access_token}` };
    expect((await fetch(ground.legacy.uri, { headers: asDpop })).status).toBe(401);
    expect((await fetch(ground.strict.uri, { headers: bearer })).status).toBe(401);
    expect(ground.strict.seen.at(-1)).toBe("bearer_not_accepted");
  });
});

// beside them, since what costs is the boot
documentedClients(() => ({ ground, clerk, keeper }));
describe("the conformance table", () => conformanceTable(() => ground.table));
describe("the conformance table by its command", () => conformanceCommand(() => ground.endpoints));
