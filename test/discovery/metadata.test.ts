import { describe, expect, it, test } from "vitest";
import { createDiscoveryEndpoint } from "../../core/discovery.ts";
import { issuerMetadata, openidMetadata } from "../../core/issuer-metadata.ts";
import { issuerMetadataUrl, resourceMetadataUrl } from "../../core/well-known.ts";
import type { Call } from "../../core/wire.ts";

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

  it("says at every endpoint how callers authenticate there, and never by nothing (RFC 8414 2)", () => {
    for (const endpoint of ["token", "introspection", "revocation"]) {
      expect(document[`${endpoint}_endpoint_auth_methods_supported`]).toEqual(["spiffe_jwt"]);
      expect(document[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(["ES256"]);
    }
    expect(JSON.stringify(document)).not.toContain('"none"');
  });

  it("names no response type and no grant of people's: its authorization endpoint refuses everybody, without a redirect", async () => {
    const refused = await discovery("https://i.example")(call(`${document.authorization_endpoint}?response_type=code`));
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([400, "unsupported_grant_type"]);
    expect(refused.headers).not.toHaveProperty("Location");
    expect(document.response_types_supported).toEqual([]);
    expect(document.grant_types_supported).toEqual([
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ]);
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

describe("an issuer with a path", () => {
  const issuer = "https://id.example/tenants/one";
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
