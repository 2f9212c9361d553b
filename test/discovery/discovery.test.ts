import { describe, expect, it } from "vitest";
import { createDiscoveryEndpoint } from "../../core/discovery.ts";
import type { Call } from "../../core/wire.ts";
import { ownKeys, testKey, testSigner } from "../fakes/keys.ts";
import { issuer } from "../fakes/world.ts";

const urls = {
  attest: "https://a.example/",
  token: "https://t.example/",
  introspect: "https://i.example/",
  revoke: "https://r.example/",
};
const get = (path: string, method = "GET"): Call => ({
  method,
  path,
  url: `${issuer}${path}`,
  contentType: undefined,
  body: "",
  dpop: [],
  requestId: "r",
});

async function discovery(known = true, types: readonly string[] = []) {
  const [identity, session, status] = await Promise.all([testKey(), testKey(), testKey()]);
  const signers = [testSigner("identity", identity), testSigner("session", session), testSigner("status", status)];
  const asked: string[] = [];
  const endpoint = createDiscoveryEndpoint({
    issuer,
    ownKeys: ownKeys(...signers),
    urls: async () => (known ? urls : undefined),
    detailsTypes: async () => types,
    lists: {
      read: async (list) => {
        asked.push(list);
        return list === "2026080101-0" ? "signed.list.token" : undefined;
      },
    },
  });
  return { endpoint, identity, session, status, asked };
}

describe("discovery", () => {
  it("names itself exactly and says what IAM and OAuth clients read", async () => {
    const { endpoint } = await discovery();
    for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]) {
      const reply = await endpoint(get(path));
      const document = JSON.parse(reply.body);
      expect(reply.status).toBe(200);
      expect(document).toMatchObject({
        issuer,
        token_endpoint: urls.token,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        subject_types_supported: ["public"],
        response_types_supported: ["id_token"],
      });
      expect(document.grant_types_supported).not.toContain("refresh_token");
      expect(document.challenge_endpoint).toBe("https://a.example/challenge");
    }
  });

  it("names the details types of the registry, and leaves the member out where there are none", async () => {
    const path = "/.well-known/oauth-authorization-server";
    const document = async (types: readonly string[]) =>
      JSON.parse((await (await discovery(true, types)).endpoint(get(path))).body);
    const types = ["customer-record", "ticket-customers"];
    expect((await document(types)).authorization_details_types_supported).toEqual(types);
    expect(await document([])).not.toHaveProperty("authorization_details_types_supported");
  });

  it("threat 3: publishes session and status keys for verifiers, each pinned to its typ, and never the identity key", async () => {
    const { endpoint, identity, session, status } = await discovery();
    const { keys } = JSON.parse((await endpoint(get("/.well-known/jwks.json"))).body);
    expect(keys.map((k: { kid: string; lanyard_typ: string }) => [k.kid, k.lanyard_typ])).toEqual([
      [session.jkt, "at+jwt"],
      [status.jkt, "statuslist+jwt"],
    ]);
    expect(JSON.stringify(keys)).not.toContain(identity.jkt);
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it("publishes the identity key in the SPIFFE bundle alone, for JWT-SVIDs", async () => {
    const { endpoint, identity } = await discovery();
    const { keys } = JSON.parse((await endpoint(get("/.well-known/spiffe-bundle.json"))).body);
    expect(keys).toEqual([{ ...identity.jwk, kid: identity.jkt, use: "jwt-svid" }]);
  });

  it("serves stored lists as they are, hardly cacheable", async () => {
    const { endpoint } = await discovery();
    const reply = await endpoint(get("/status/2026080101-0"));
    expect(reply).toMatchObject({ status: 200, contentType: "application/statuslist+jwt", body: "signed.list.token" });
    expect(reply.headers?.["Cache-Control"]).toBe("public, max-age=2");
  });

  it.each([
    "/status/2026080101-1",
    "/status/",
    "/status/../x",
    "/status/deployment%230",
    "/status/2026080101-0/",
    "/",
    "/.well-known/jwks.json/",
  ])("answers 404 at %s", async (path) => {
    const { endpoint, asked } = await discovery();
    expect((await endpoint(get(path))).status).toBe(404);
    // only well-formed list names ever reach the table
    expect(asked.every((list) => /^[0-9]{10}-[0-9]{1,6}$/.test(list))).toBe(true);
  });

  it("answers 503 until the other functions' URLs are known, and 405 to anything but reading", async () => {
    const { endpoint } = await discovery(false);
    expect((await endpoint(get("/.well-known/openid-configuration"))).status).toBe(503);
    expect((await endpoint(get("/.well-known/jwks.json", "POST"))).status).toBe(405);
  });
});
