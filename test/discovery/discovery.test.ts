import { describe, expect, it } from "vitest";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";
import { keyTimes } from "../../core/model/key-times.ts";
import type { Call } from "../../core/model/wire.ts";
import { ownKeys, testRsaSigner, testSigner } from "../kit/keys.ts";
import { testKey } from "../kit/wire/key.ts";
import { issuer } from "../kit/world/ground.ts";

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

async function discovery(known = true, types: readonly string[] = [], cuts?: string) {
  const [identity, session, status] = await Promise.all([testKey(), testKey(), testKey()]);
  // two keys of events, as in a rotation
  const events = await Promise.all([testRsaSigner("events"), testRsaSigner("events")]);
  const signers = [
    testSigner("identity", identity),
    testSigner("session", session),
    testSigner("status", status),
    ...events,
  ];
  const asked: string[] = [];
  const endpoint = createDiscoveryEndpoint({
    issuer,
    ownKeys: ownKeys(...signers),
    urls: async () => (known ? urls : undefined),
    detailsTypes: async () => types,
    cardKeys: async () => undefined,
    lists: {
      read: async (list) => {
        asked.push(list);
        return list === "2026080101-0" ? "signed.list.token" : undefined;
      },
      open: async () => ["2026080101-0", "2026080102-0"],
      cuts: async () => cuts,
    },
  });
  return { endpoint, identity, session, status, events, asked };
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
        response_types_supported: path.endsWith("openid-configuration") ? ["id_token"] : ["none"],
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
    expect(keys.map((k: { kid: string; lanyard_typ: unknown }) => [k.kid, k.lanyard_typ])).toEqual([
      [session.jkt, "at+jwt"],
      [status.jkt, ["statuslist+jwt", "lanyard-cuts+jwt"]],
    ]);
    expect(JSON.stringify(keys)).not.toContain(identity.jkt);
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it("threat 3: publishes every key of security events in a set of its own, which no verifier of tokens reads", async () => {
    const { endpoint, identity, session, status, events } = await discovery();
    const configuration = JSON.parse((await endpoint(get("/.well-known/ssf-configuration"))).body);
    expect(configuration).toEqual({
      spec_version: "1_0",
      issuer,
      jwks_uri: `${issuer}/.well-known/ssf-jwks.json`,
      delivery_methods_supported: ["urn:ietf:rfc:8935"],
      critical_subject_members: ["session", "user", "application", "tenant"],
      default_subjects: "ALL",
    });
    const set = await endpoint(get("/.well-known/ssf-jwks.json"));
    expect(JSON.parse(set.body).keys).toEqual(events.map(({ public: { jwk } }) => jwk));
    expect(Object.keys(JSON.parse(set.body).keys[0]).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    expect(set.headers).toMatchObject({ "Cache-Control": `public, max-age=${keyTimes.jwksMaxAgeSeconds}` });
    for (const { jkt } of [identity, session, status]) expect(set.body).not.toContain(jkt);
    for (const path of ["/.well-known/jwks.json", "/.well-known/spiffe-bundle.json"]) {
      const { body } = await endpoint(get(path));
      for (const { public: published } of events) expect(body).not.toContain(published.kid);
    }
  });

  it("publishes the identity key in the SPIFFE bundle alone, for JWT-SVIDs", async () => {
    const { endpoint, identity } = await discovery();
    const { keys, spiffe_sequence } = JSON.parse((await endpoint(get("/.well-known/spiffe-bundle.json"))).body);
    expect(spiffe_sequence).toBe(7);
    expect(keys).toEqual([{ ...identity.jwk, kid: identity.jkt, use: "jwt-svid" }]);
  });

  it("serves stored lists as they are, hardly cacheable", async () => {
    const { endpoint } = await discovery();
    const reply = await endpoint(get("/status/2026080101-0"));
    expect(reply).toMatchObject({ status: 200, contentType: "application/statuslist+jwt", body: "signed.list.token" });
    expect(reply.headers?.["Cache-Control"]).toBe("public, max-age=2");
  });

  it("serves the stored document of cuts where the metadata says, hardly cacheable, and no past one", async () => {
    const { endpoint, asked } = await discovery(true, [], "signed.cuts.token");
    const metadata = JSON.parse((await endpoint(get("/.well-known/oauth-authorization-server"))).body);
    expect(metadata.lanyard_cuts_uri).toBe(`${issuer}/status/cuts`);
    const reply = await endpoint(get("/status/cuts"));
    expect(reply).toMatchObject({
      status: 200,
      contentType: "application/lanyard-cuts+jwt",
      body: "signed.cuts.token",
    });
    expect(reply.headers?.["Cache-Control"]).toBe("public, max-age=2");
    expect((await endpoint({ ...get("/status/cuts"), query: "time=1" })).status).toBe(501);
    expect(asked).toEqual([]);
    expect((await (await discovery()).endpoint(get("/status/cuts"))).status).toBe(404);
  });

  it("names all open lists where the metadata says (Token Status List, section 9)", async () => {
    const { endpoint } = await discovery();
    const metadata = JSON.parse((await endpoint(get("/.well-known/oauth-authorization-server"))).body);
    expect(metadata.status_list_aggregation_endpoint).toBe(`${issuer}/status`);
    const reply = await endpoint(get("/status"));
    expect(reply).toMatchObject({ status: 200, contentType: "application/json" });
    expect(JSON.parse(reply.body)).toEqual({
      status_lists: [`${issuer}/status/2026080101-0`, `${issuer}/status/2026080102-0`],
    });
  });

  it.each([
    ["/status/2026080101-0", "time=1785542400"],
    ["/status/2026080101-0", "time="],
    ["/status/2026080101-0", "a=b&time=1785542400"],
    ["/status/2026080101-0", "%74ime=1"],
    ["/status/2026080199-0", "time=1"],
    ["/status", "time=1785542400"],
  ])("answers 501 to history at %s?%s: the present list must not pass for it (section 8.4)", async (path, query) => {
    const { endpoint, asked } = await discovery();
    expect(await endpoint({ ...get(path), query })).toMatchObject({ status: 501, contentType: "application/json" });
    expect(asked).toEqual([]);
  });

  it("ignores other parameters: they change no list", async () => {
    const { endpoint } = await discovery();
    expect((await endpoint({ ...get("/status/2026080101-0"), query: "times=1&x" })).body).toBe("signed.list.token");
  });

  it("lets verifiers in browsers read everything it serves, refusals too, and takes no credentials for it", async () => {
    const { endpoint } = await discovery();
    for (const path of ["/status", "/status/2026080101-0", "/status/0", "/.well-known/jwks.json"]) {
      const { headers } = await endpoint(get(path));
      expect(headers).toMatchObject({ "Access-Control-Allow-Origin": "*" });
      expect(headers).not.toHaveProperty("Access-Control-Allow-Credentials");
    }
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
