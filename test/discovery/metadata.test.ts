import { describe, expect, it, test } from "vitest";
import { issuerMetadata, openidMetadata } from "../../core/discovery/issuer-metadata.ts";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";
import type { Call } from "../../core/model/wire.ts";
import { issuerMetadataUrl, resourceMetadataUrl } from "../../core/text/well-known.ts";

const urls = {
  attest: "https://a.example/",
  token: "https://t.example/",
  introspect: "https://i.example/",
  revoke: "https://r.example/",
};

const call = (url: string, method = "GET"): Call => ({
  method,
  path: new URL(url).pathname,
  url,
  contentType: undefined,
  body: "",
  dpop: [],
  requestId: "r",
});

/** Only metadata is asked for here. */
const discovery = (issuer: string) =>
  createDiscoveryEndpoint({ issuer, urls: async () => urls, detailsTypes: async () => [] } as unknown as Parameters<
    typeof createDiscoveryEndpoint
  >[0]);

describe("well-known addresses", () => {
  test.each([
    // RFC 8414 3.1: its own example, and an issuer without a path
    ["https://example.com/issuer1", "https://example.com/.well-known/oauth-authorization-server/issuer1"],
    ["https://example.com/issuer1/", "https://example.com/.well-known/oauth-authorization-server/issuer1"],
    ["https://example.com", "https://example.com/.well-known/oauth-authorization-server"],
    ["https://example.com/", "https://example.com/.well-known/oauth-authorization-server"],
  ])("of issuer %s: %s", (issuer, url) => expect(issuerMetadataUrl(issuer, "oauth-authorization-server")).toBe(url));

  test.each([
    // RFC 9728 3.1: its own example, and resources that differ in a slash or a query
    [
      "https://resource.example.com/resource1",
      "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
    ],
    ["https://resource.example.com/", "https://resource.example.com/.well-known/oauth-protected-resource"],
    ["https://resource.example.com", "https://resource.example.com/.well-known/oauth-protected-resource"],
    ["https://resource.example.com/mcp/", "https://resource.example.com/.well-known/oauth-protected-resource/mcp/"],
    [
      "https://resource.example.com/mcp?t=1",
      "https://resource.example.com/.well-known/oauth-protected-resource/mcp?t=1",
    ],
  ])("of resource %s: %s", (resource, url) => expect(resourceMetadataUrl(resource)).toBe(url));
});

describe("the issuer's metadata", () => {
  const document = issuerMetadata("https://i.example", urls);

  it("says at every endpoint how callers authenticate there, and by no secret (RFC 8414 2)", () => {
    for (const endpoint of ["introspection", "revocation"]) {
      expect(document[`${endpoint}_endpoint_auth_methods_supported`]).toEqual(["spiffe_jwt"]);
      expect(document[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(["RS256"]);
    }
    // none: a platform's token as assertion, which is the workload's authentication itself
    expect(document.token_endpoint_auth_methods_supported).toEqual(["spiffe_jwt", "private_key_jwt", "none"]);
    expect(document.token_endpoint_auth_signing_alg_values_supported).toContain("RS256");
    for (const [name, value] of Object.entries(document)) {
      if (/_alg_/.test(name)) expect(value, name).not.toContain("none");
      if (/_alg_/.test(name)) expect(String(value), name).not.toContain("HS");
      if (/_auth_methods_/.test(name)) expect(String(value), name).not.toContain("secret");
    }
  });

  it("leaves no list empty (RFC 8414 3.2), and names response types all the same (2): the one that gives nothing", () => {
    expect(document.response_types_supported).toEqual(["none"]);
    for (const each of [document, openidMetadata("https://i.example", urls)])
      for (const [name, value] of Object.entries(each))
        if (Array.isArray(value)) expect(value.length, name).toBeGreaterThan(0);
  });

  it("names no grant by which people sign in", () => {
    expect(document.grant_types_supported).toEqual([
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:token-exchange",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
      "urn:openid:params:grant-type:ciba",
    ]);
    expect(document.authorization_grant_profiles_supported).toEqual(["urn:ietf:params:oauth:grant-profile:id-jag"]);
    expect(document.dpop_signing_alg_values_supported).toEqual([
      "ES256",
      "ES384",
      "Ed25519",
      "EdDSA",
      "RS256",
      "PS256",
    ]);
  });

  it("has the members that OpenID Connect Discovery 3 requires of the other document", () => {
    const openid = openidMetadata("https://i.example", urls);
    for (const member of ["issuer", "jwks_uri", "subject_types_supported", "id_token_signing_alg_values_supported"])
      expect(openid).toHaveProperty(member);
    expect(openid.response_types_supported).toEqual(["id_token"]);
  });
});

describe("the authorization endpoint", () => {
  const ask = async (query: string, method = "GET") => {
    const url = `https://i.example/authorize${query}`;
    const reply = await discovery("https://i.example")({ ...call(url), method, query: query.slice(1) });
    return { ...reply, error: reply.body === "" ? undefined : JSON.parse(reply.body).error };
  };

  it.each([
    ["", 400, "invalid_request"],
    ["?client_id=x", 400, "invalid_request"],
    ["?response_type=", 400, "invalid_request"],
    ["?response_type=code&response_type=none", 400, "invalid_request"],
    ["?response_type=code&state=a&state=b", 400, "invalid_request"],
    ["?response_type=code&client_id=x&redirect_uri=https://evil.example", 400, "unsupported_response_type"],
    ["?response_type=token", 400, "unsupported_response_type"],
    ["?response_type=__proto__", 400, "unsupported_response_type"],
    ["?response_type=none&client_id=x&redirect_uri=https://evil.example", 403, "access_denied"],
    ["?response_type=id_token", 403, "access_denied"],
  ])("refuses %s with a code of its own (RFC 6749 4.1.2.1), and never redirects", async (query, status, error) => {
    const reply = await ask(query);
    expect([reply.status, reply.error]).toEqual([status, error]);
    expect(Object.keys(reply.headers ?? {})).not.toContain("Location");
  });

  it("takes reading alone, and is not opened to pages of other origins (RFC 9700 2.6)", async () => {
    for (const method of ["POST", "OPTIONS", "PUT"])
      expect(await ask("?response_type=code", method)).toMatchObject({ status: 405, headers: { Allow: "GET, HEAD" } });
    for (const method of ["GET", "OPTIONS"])
      expect(Object.keys((await ask("?response_type=code", method)).headers ?? {}).join()).not.toContain(
        "Access-Control",
      );
  });
});

describe("an issuer with a path", () => {
  const issuer = "https://id.example/tenants/one";

  it("is found by receivers of its events where SSF 1.0 7.2 puts its configuration, before the path", async () => {
    const reply = await discovery(issuer)(call("https://id.example/.well-known/ssf-configuration/tenants/one"));
    expect([reply.status, JSON.parse(reply.body).issuer]).toEqual([200, issuer]);
  });

  it.each([
    "https://id.example/.well-known/oauth-authorization-server/tenants/one",
    "https://id.example/.well-known/openid-configuration/tenants/one",
    "https://id.example/tenants/one/.well-known/openid-configuration",
  ])("serves its metadata at %s", async (url) => {
    const reply = await discovery(issuer)(call(url));
    expect([reply.status, JSON.parse(reply.body).issuer]).toEqual([200, issuer]);
    expect(JSON.parse(reply.body).jwks_uri).toBe(`${issuer}/.well-known/jwks.json`);
  });

  it.each([
    "https://id.example/.well-known/oauth-authorization-server",
    "https://id.example/.well-known/openid-configuration",
    "https://id.example/tenants/one/.well-known/oauth-authorization-server",
    "https://id.example/.well-known/oauth-authorization-server/tenants/two",
    "https://id.example/tenants/onewell-known/openid-configuration",
  ])("is not found at %s: that would be another issuer's", async (url) => {
    expect((await discovery(issuer)(call(url))).status).toBe(404);
  });
});

describe("pages in a browser", () => {
  it("may read metadata from any origin, cached for a minute, without credentials", async () => {
    const reply = await discovery("https://i.example")(
      call("https://i.example/.well-known/oauth-authorization-server"),
    );
    expect(reply.headers).toEqual({ "Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60" });
  });

  it("are told so beforehand, with the header that MCP clients send", async () => {
    const reply = await discovery("https://i.example")(
      call("https://i.example/.well-known/oauth-authorization-server", "OPTIONS"),
    );
    expect(reply).toMatchObject({ status: 204, body: "" });
    expect(reply.headers).toMatchObject({
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Methods": "GET, HEAD",
      "Access-Control-Allow-Headers": "MCP-Protocol-Version",
    });
    expect(reply.headers).not.toHaveProperty("Access-Control-Allow-Credentials");
  });
});
