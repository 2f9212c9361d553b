import { fc, test } from "@fast-check/vitest";
import { beforeEach, describe, expect } from "vitest";
import { createReplayStore } from "../../core/verify/replay.ts";
import { requireScopes } from "../../core/verify/verified-access.ts";
import { declared } from "../kit/registry.ts";
import { dpopProof, sha256 } from "../kit/wire/key.ts";
import { ada, createIssuer, issuer, planner, researcher, resource, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

/** The code a fresh verifier refuses a token with; `accepted` when it does not. */
const evaluated = async (token: string, more: object = {}, verifier = world.verifier()): Promise<string> => {
  const verified = await verifier.verify(world.request(token, more));
  return verified.ok ? "accepted" : verified.error.code;
};

test("lets a live token in and tells who calls, for whom, and what it may do", async () => {
  const token = world.token({
    client_id: researcher,
    act: { sub: researcher, act: { sub: planner } },
    depth: 1,
    authorization_details: [{ type: "ticket-customer", customers: ["42"] }],
    sub_id: { format: "iss_sub", iss: "https://login.example", sub: "ada" },
  });
  const ticketCustomer = declared({ customers: { type: "array", items: { type: "string" } } }, { customers: "one_of" });
  const details = [{ name: "ticket-customer", ...ticketCustomer }];
  const verified = await world.verifier({ details }).verify(world.request(token));
  expect(verified).toMatchObject({
    ok: true,
    value: {
      principal: { id: ada, kind: "person", subId: { iss: "https://login.example", sub: "ada" } },
      agent: researcher,
      resource,
      scopes: ["tickets:read", "tickets:write"],
      details: [{ type: "ticket-customer", customers: ["42"] }],
      depth: 1,
      assurance: "fresh",
      history: [planner],
    },
  });
});

describe("the token", () => {
  test.each([
    ["another resource's", { aud: "https://other.example" }],
    ["one for several resources", { aud: [resource, "https://other.example"] }],
    ["one whose aud only starts like ours", { aud: `${resource}.evil.example` }],
    ["another issuer's", { iss: "https://evil.example" }],
    ["one that expires this very second", { exp: 1_785_542_400, iat: 1_785_542_100 }],
    ["one issued a minute ahead", { iat: 1_785_542_460, exp: 1_785_542_900 }],
    ["one without a jti", { jti: undefined }],
    ["one without a client", { client_id: undefined }],
  ])("refuses %s", async (_, claims) => {
    expect(await evaluated(world.token(claims))).toMatch(/^token_(invalid|expired)$/);
  });

  test("accepts one of an issuer whose clock is a few seconds ahead, without lengthening any token's life", async () => {
    expect(await evaluated(world.token({ iat: world.time.seconds + 8 }))).toBe("accepted");
    expect(await evaluated(world.token({ iat: world.time.seconds - 9, exp: world.time.seconds }))).toBe(
      "token_expired",
    );
  });

  test.each([
    ["a principal with a control character", { sub: "p_a\nb" }, "token_invalid"],
    ["no key", { cnf: undefined }, "claims_invalid"],
    ["a key by certificate only", { cnf: { "x5t#S256": "abc" } }, "claims_invalid"],
    ["no session", { sid: undefined }, "claims_invalid"],
    ["no status", { status: undefined }, "claims_invalid"],
    ["a status without uri", { status: { status_list: { idx: 0 } } }, "claims_invalid"],
    ["an unknown assurance", { assurance: "absolute" }, "claims_invalid"],
    ["a negative depth", { depth: -1 }, "claims_invalid"],
    ["scopes as a list", { scope: ["tickets:read"] }, "claims_invalid"],
    ["details without a type", { authorization_details: [{ customers: ["42"] }] }, "claims_invalid"],
    ["details that are no list", { authorization_details: { type: "x" } }, "claims_invalid"],
    ["a person but no actor", { act: undefined }, "claims_invalid"],
    ["two current agents", { act: { sub: researcher } }, "claims_invalid"],
    ["an actor chain that is no chain", { act: { sub: planner, act: "everyone" } }, "claims_invalid"],
  ])("refuses one with %s", async (_, claims, code) => {
    expect(await evaluated(world.token(claims))).toBe(code);
  });

  test("an agent on its own needs no actor, and is the history of whoever it hands work to", async () => {
    expect(await evaluated(world.token({ sub: planner, act: undefined }))).toBe("accepted");
    const handed = world.token({ sub: planner, client_id: researcher, act: { sub: researcher }, depth: 1 });
    const verified = await world.verifier().verify(world.request(handed));
    expect(verified.ok && verified.value.history).toEqual([planner]);
    expect(await evaluated(world.token({ sub: planner, client_id: researcher, act: undefined }))).toBe(
      "claims_invalid",
    );
  });

  test("refuses an actor chain deeper than any delegation", async () => {
    const deep = Array.from({ length: 70 }).reduce<object>((act) => ({ sub: planner, act }), { sub: planner });
    expect(await evaluated(world.token({ act: deep }))).not.toBe("accepted");
  });

  test.each(["JWT", "lanyard-session+jwt", "statuslist+jwt", "dpop+jwt", undefined])(
    "threat 14: refuses a token of typ %s signed by the session key",
    async (typ) => {
      expect(await evaluated(world.token({}, world.session, { typ }))).toBe("token_invalid");
    },
  );

  test("threat 3: refuses an access token signed by the status key, though that key is published", async () => {
    expect(await evaluated(world.token({}, world.status))).toBe("token_invalid");
    // nor by its signature under the session key's kid
    expect(await evaluated(world.token({}, world.status, { kid: world.session.jkt }))).toBe("token_invalid");
  });

  test("threat 3: believes no key set in which one kid signs two kinds", async () => {
    const { published, session, status, publishKeys } = world;
    publishKeys(published(session, "at+jwt"), published(status, "statuslist+jwt"), published(status, "at+jwt"));
    expect(await evaluated(world.token())).toBe("keys_unavailable");
  });

  test.each([
    ["no pin", { lanyard_typ: undefined }],
    ["a pin to identity tokens", { lanyard_typ: "JWT" }],
    ["use enc", { use: "enc" }],
    ["another algorithm", { alg: "ES384" }],
  ])("threat 3: does not use a key with %s", async (_, member) => {
    const { published, session, status, publishKeys } = world;
    publishKeys(published(session, "at+jwt", member), published(status, "statuslist+jwt"));
    expect(await evaluated(world.token())).toBe("token_invalid");
  });

  test.each([
    ["is of another issuer", { issuer: "https://evil.example", jwks_uri: `${issuer}/.well-known/jwks.json` }],
    ["keeps its keys elsewhere", { issuer, jwks_uri: "https://evil.example/jwks.json" }],
    ["keeps its keys on another port", { issuer, jwks_uri: `${issuer}:8443/jwks.json` }],
    ["names no keys", { issuer }],
  ])("refuses everything when the metadata %s", async (_, metadata) => {
    world.web.put(`${issuer}/.well-known/oauth-authorization-server`, metadata);
    expect(await evaluated(world.token())).toBe("keys_unavailable");
    expect(world.web.asked.every((url) => url.startsWith(`${issuer}/`))).toBe(true);
  });

  test("makes two hundred unknown kids cost one more fetch of the keys", async () => {
    const verifier = world.verifier();
    const evaluate = (kid: string) => evaluated(world.token({}, world.session, { kid }), {}, verifier);
    expect(await evaluate(world.session.jkt)).toBe("accepted");
    world.time.seconds += 11;
    world.publishList();
    const before = world.web.asked.length;
    const codes = await Promise.all(Array.from({ length: 200 }, (_, i) => evaluate(`kid-${i}`)));
    expect(new Set(codes)).toEqual(new Set(["token_invalid"]));
    expect(world.web.asked.length - before).toBe(2);
  });

  test("drops a withdrawn key within its cache's life and finds a new one at once", async () => {
    const verifier = world.verifier();
    const token = world.token();
    expect(await evaluated(token, {}, verifier)).toBe("accepted");
    world.time.seconds += 15;
    world.publishList();
    world.publishKeys(world.published(world.foreign, "at+jwt"), world.published(world.status, "statuslist+jwt"));
    expect(await evaluated(world.token({}, world.foreign), {}, verifier)).toBe("accepted");
    expect(await evaluated(world.token(), {}, verifier)).toBe("token_invalid");
  });

  test("serves no stale keys when the issuer cannot be reached", async () => {
    const verifier = world.verifier();
    expect(await evaluated(world.token(), {}, verifier)).toBe("accepted");
    world.time.seconds += 60;
    world.web.failure = "timeout";
    expect(await evaluated(world.token(), {}, verifier)).toBe("keys_unavailable");
  });
});

describe("what is presented", () => {
  test.each([
    ["nothing", [], "credentials_missing"],
    ["two Authorization headers", ["DPoP a.b.c", "DPoP a.b.c"], "credentials_malformed"],
    ["two tokens in one header", ["DPoP a.b.c, DPoP a.b.c"], "credentials_malformed"],
    ["Basic", ["Basic YTpi"], "credentials_malformed"],
    ["the scheme alone", ["DPoP"], "credentials_malformed"],
    ["a token beyond any bound", [`DPoP ${"a".repeat(20_000)}`], "token_invalid"],
    ["no JWT", ["DPoP abc"], "token_invalid"],
    ["somebody else's token68", ["DPoP a+b/c~d=="], "token_invalid"],
    ["a token with a blank after it", ["DPoP abc "], "credentials_malformed"],
    ["a token with a padding in it", ["DPoP a=b"], "credentials_malformed"],
  ])("refuses %s", async (_, authorization, code) => {
    expect(await evaluated(world.token(), { authorization })).toBe(code);
    expect(world.web.asked).toEqual([]);
  });

  test.each(["Bearer", "bearer", "BEARER"])(
    "threat 9: refuses a bound token sent as %s, even with its proof",
    async (scheme) => {
      const token = world.token();
      expect(await evaluated(token, { authorization: [`${scheme} ${token}`] })).toBe("bearer_not_accepted");
    },
  );

  test.prop([fc.array(fc.string(), { maxLength: 3 }), fc.array(fc.string(), { maxLength: 3 })])(
    "never throws and never accepts strangers' headers",
    async (authorization, dpop) => {
      const verified = await world.verifier().verify({ method: "GET", url: world.requestUrl, authorization, dpop });
      expect(verified.ok).toBe(false);
    },
  );
});

describe("the proof", () => {
  test("threat 9: refuses a leaked token without a proof", async () => {
    expect(await evaluated(world.token(), { dpop: [] })).toBe("proof_missing");
  });

  test("refuses two DPoP headers, even when both are good", async () => {
    const token = world.token();
    const { dpop } = world.request(token);
    expect(await evaluated(token, { dpop: [...dpop, ...world.request(token).dpop] })).toBe("proof_invalid");
    expect(await evaluated(token, { dpop: [...dpop, ...dpop] })).toBe("proof_invalid");
  });

  test("threat 9: refuses a proof by a key the token is not bound to", async () => {
    const token = world.token();
    const proof = dpopProof(world.foreign, {
      url: world.requestUrl,
      atSeconds: world.time.seconds,
      accessToken: token,
    });
    expect(await evaluated(token, { dpop: [proof] })).toBe("proof_key_mismatch");
  });

  test.each([
    ["another token", { ath: sha256("another") }],
    ["no token", { ath: undefined }],
    ["another method", { htm: "GET" }],
    ["another URL", { htu: "https://tickets.example/other" }],
    ["another host", { htu: "https://evil.example/things" }],
    ["another time", { iat: 1_785_542_400 - 61 }],
    ["a later time", { iat: 1_785_542_400 + 61 }],
  ])("refuses a proof for %s", async (_, claims) => {
    const verified = await world.verifier().verify(world.request(world.token(), {}, claims));
    expect(verified.ok ? "accepted" : verified.error.code).toBe("proof_invalid");
  });

  test("compares the URL without its query, as the caller proved it", async () => {
    expect(await evaluated(world.token(), { url: `${world.requestUrl}?page=2#top` })).toBe("accepted");
  });

  test("refuses a proof the second time, and a new one with the same token passes", async () => {
    const verifier = world.verifier();
    const token = world.token();
    const request = world.request(token);
    const outcomes = await Promise.all([verifier.verify(request), verifier.verify(request), verifier.verify(request)]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error.code]))).toEqual([
      "proof_replayed",
      "proof_replayed",
    ]);
    expect(await evaluated(token, {}, verifier)).toBe("accepted");
  });

  test("remembers an early proof for as long as it could be used again", async () => {
    const verifier = world.verifier();
    const early = world.time.seconds + 60;
    const token = world.token();
    const request = world.request(token, {}, { iat: early });
    expect((await verifier.verify(request)).ok).toBe(true);
    for (let passed = 0; passed < 120; passed += 10) {
      world.time.seconds += 10;
      world.publishList();
      const again = await verifier.verify(request);
      expect(again.ok ? "accepted" : again.error.code).toBe("proof_replayed");
    }
  });

  test("refuses when it cannot remember proofs", async () => {
    const full = world.verifier({ replay: createReplayStore(1) });
    expect(await evaluated(world.token(), {}, full)).toBe("accepted");
    expect(await evaluated(world.token(), {}, full)).toBe("replay_store_unavailable");
    const broken = world.verifier({ replay: { use: () => Promise.reject(new Error("down")) } });
    expect(await evaluated(world.token(), {}, broken)).toBe("replay_store_unavailable");
  });
});

describe("scopes", () => {
  test("allows what every named scope allows, and nothing when none is named", async () => {
    const verified = await world
      .verifier()
      .verify(world.request(world.token({ scope: "tickets:read,admin tickets:list" })));
    if (!verified.ok) throw new Error(verified.error.code);
    expect(requireScopes(verified.value, "tickets:list").ok).toBe(true);
    for (const scopes of [["admin"], ["tickets:read"], ["tickets:list", "tickets:write"], ["tickets:LIST"], [""], []])
      expect(requireScopes(verified.value, ...scopes)).toMatchObject({
        ok: false,
        error: { code: "scope_insufficient" },
      });
  });
});
