import { fc, test as prop } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createResourceMetadata } from "../../client/resource/resource-metadata.ts";
import { createResourceServer } from "../../client/resource/resource-server.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { tickets } from "../kit/registry.ts";
import { issuer } from "../kit/world/ground.ts";

const described = {
  name: "Tickets",
  documentation: "https://docs.example/tickets",
  scopes: ["tickets:read", "tickets:write"],
  detailsTypes: ["ticket-queue"],
};
const make = (resource: string, acceptBearer = false, description = {}) =>
  createResourceMetadata({ resource, issuer, acceptBearer, description });

describe("a protected resource's metadata (RFC 9728)", () => {
  test("names the resource exactly as it is registered, its one issuer and what its guard demands", () => {
    expect(make("https://api.example/mcp", false, described).document).toEqual({
      resource: "https://api.example/mcp",
      authorization_servers: [issuer],
      scopes_supported: ["tickets:read", "tickets:write"],
      authorization_details_types_supported: ["ticket-queue"],
      dpop_signing_alg_values_supported: ["ES256", "ES384", "Ed25519", "EdDSA", "RS256", "PS256"],
      dpop_bound_access_tokens_required: true,
      resource_name: "Tickets",
      resource_documentation: "https://docs.example/tickets",
    });
  });

  test("says of bearer tokens only where they are taken, and leaves members without values out (3.2)", () => {
    const { document } = make("https://api.example/mcp", true, { scopes: [], responseSigningAlgorithms: ["ES256"] });
    expect(document).toMatchObject({
      bearer_methods_supported: ["header"],
      dpop_bound_access_tokens_required: false,
      resource_signing_alg_values_supported: ["ES256"],
    });
    expect(document).not.toHaveProperty("scopes_supported");
  });

  test("is served at its own well-known path and the origin's, to anybody, for reading alone", () => {
    const metadata = make("https://api.example/mcp?tenant=1");
    const path = "/.well-known/oauth-protected-resource/mcp?tenant=1";
    expect(metadata.url).toBe(`https://api.example${path}`);
    const got = metadata.answer({ method: "GET", url: path });
    expect(got).toMatchObject({
      status: 200,
      headers: {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
      },
    });
    expect(JSON.parse(got?.body ?? "")).toEqual(metadata.document);
    expect(metadata.answer({ method: "HEAD", url: path })).toMatchObject({ status: 200, body: "" });
    expect(metadata.answer({ method: "OPTIONS", url: path })?.status).toBe(204);
    expect(metadata.answer({ method: "POST", url: path })?.status).toBe(405);
    expect(metadata.answer({ method: "GET", url: "/.well-known/oauth-protected-resource" })).toEqual(got);
    const well = "/.well-known/oauth-protected-resource";
    for (const url of [
      `${path}&more=1`,
      `${well}/mcp`,
      `${well}/other`,
      `${well}x`,
      "/mcp?tenant=1",
      "/",
      "",
      "//evil",
      "x",
    ])
      expect(metadata.answer({ method: "GET", url }), url).toBeUndefined();
  });

  prop.prop([fc.webPath(), fc.webQueryParameters()])("of two resources never stands at one address", (path, query) => {
    const one = `https://api.example${path}${query === "" ? "" : `?${query}`}`;
    const other = make(`${one}x`).url;
    expect(make(one).url).not.toBe(other);
    expect(new URL(make(one).url).pathname).toMatch(/^\/\.well-known\/oauth-protected-resource/);
  });
});

describe("a guard's challenge", () => {
  const ask = async (more = {}) => {
    const server = createResourceServer({
      issuer,
      resource: tickets,
      mode: "offline",
      description: described,
      ...more,
    });
    const evaluated = await outcomeOf(server.authenticate({ method: "GET", url: "/things", headers: {} }));
    if (evaluated.ok) throw new Error("let in without a token");
    return { ...evaluated.error.reply, metadata: server.metadata };
  };

  test("without a token names scheme, algorithms, metadata and the scopes to ask for, and no error (RFC 6750 3.1)", async () => {
    const { status, headers, metadata } = await ask();
    expect(status).toBe(401);
    expect(headers["WWW-Authenticate"]).toBe(
      `DPoP scope="tickets:read tickets:write", resource_metadata="${metadata?.url}", algs="ES256 ES384 Ed25519 EdDSA RS256 PS256"`,
    );
  });

  test("names both schemes where bearer tokens are taken (RFC 9449 7.2)", async () => {
    const { headers } = await ask({ acceptBearer: true });
    expect(headers["WWW-Authenticate"]).toMatch(
      /^Bearer scope="[^"]+", resource_metadata="[^"]+", DPoP .*algs="[^"]+"$/,
    );
  });

  test("begins with Bearer where it is taken, whatever is refused, and never is a scheme alone (RFC 6750 3)", async () => {
    for (const more of [{}, { resource: "urn:example:tickets", requestUrl: "https://api.example" }]) {
      const { headers } = await ask({ acceptBearer: true, description: {}, ...more });
      expect(headers["WWW-Authenticate"]).toMatch(/^Bearer (?:resource_metadata|realm)="[^"]+", DPoP /);
    }
  });

  test("of a resource that is no address names no metadata: there is no place for it", async () => {
    const requestUrl = "https://api.example";
    const { headers, metadata } = await ask({ resource: "urn:example:tickets", requestUrl });
    expect(metadata).toBeUndefined();
    expect(headers["WWW-Authenticate"]).not.toContain("resource_metadata");
  });
});
