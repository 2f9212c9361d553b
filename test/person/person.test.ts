import { createHash } from "node:crypto";
import { fc, test } from "@fast-check/vitest";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createKeySets, type KeySets } from "../../core/keys/key-sets.ts";
import { personId } from "../../core/model/person-id.ts";
import type { RegistrySnapshot } from "../../core/model/snapshot.ts";
import { type PersonInput, verifyPerson } from "../../core/person/id-token.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { agent, agentId, idp, otherIdp, registry, tickets } from "../kit/registry.ts";
import { type TestKey, testKey } from "../kit/wire/key.ts";

const ownIssuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const now = 1_785_542_400;
const clock = { nowMillis: () => now * 1000 };
let keys: { idp: TestKey; other: TestKey };
let web: MemoryWeb;
let keySets: KeySets;

beforeAll(async () => {
  keys = { idp: await testKey(), other: await testKey() };
});
beforeEach(() => {
  web = new MemoryWeb();
  // both under one kid: keys must never be looked up by kid alone
  web.issuer(idp, [{ ...keys.idp.jwk, kid: "k1", alg: "ES256" }]);
  web.issuer(otherIdp, [{ ...keys.other.jwk, kid: "k1", alg: "ES256" }]);
  keySets = createKeySets({ fetcher: web, clock, ownIssuer });
});

const idClaims = { iss: idp, sub: "alice", aud: "planner-app", iat: now - 10, exp: now + 3600, jti: "t1" };
const accessClaims = { ...idClaims, aud: ownIssuer, client_id: "planner-app" };
const idToken = (more: object = {}, header: object = {}, key = keys.idp) =>
  key.jws({ alg: "ES256", kid: "k1", typ: "JWT", ...header }, { ...idClaims, ...more });
const accessToken = (more: object = {}, header: object = {}) =>
  keys.idp.jws({ alg: "ES256", kid: "k1", typ: "at+jwt", ...header }, { ...accessClaims, ...more });

function show(
  token: string,
  more: Partial<PersonInput> = {},
  name = "planner",
  snapshot: RegistrySnapshot = registry(),
) {
  const registration = snapshot.agent(agentId(name));
  if (!registration) throw new Error(`no agent ${name}`);
  return verifyPerson({
    token,
    type: "id",
    agentId: agentId(name),
    registration,
    registry: snapshot,
    keySets,
    clock,
    ownIssuer,
    ...more,
  });
}
const code = async (result: ReturnType<typeof show>) => {
  const { ok, ...rest } = await result;
  return ok ? "ok" : (rest as { error: { code: string } }).error.code;
};

describe("person ids", () => {
  it("are p_ and 32 base32 characters of SHA-256 over issuer, zero byte, subject", () => {
    const hex = createHash("sha256").update(`${idp}\0alice`).digest("hex").slice(0, 40);
    const bits = BigInt(`0x${hex}`).toString(2).padStart(160, "0");
    const text = (bits.match(/.{5}/g) ?? []).map((b) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(b, 2)]);
    expect(personId(idp, "alice")).toBe(`p_${text.join("")}`);
  });

  test.prop([fc.string(), fc.string(), fc.string(), fc.string()])(
    "threat 8: of different pairs differ",
    (issA, subA, issB, subB) => {
      fc.pre(`${issA}\0${subA}` !== `${issB}\0${subB}`);
      expect(personId(issA, subA)).not.toBe(personId(issB, subB));
      expect(personId(issA, subA)).toMatch(/^p_[a-z2-7]{32}$/);
    },
  );
});

describe("a person's ID token", () => {
  it("names the person to the agent whose client it was issued to", async () => {
    const result = await show(idToken({ groups: ["support"], auth_time: now - 60 }));
    expect(result).toMatchObject({
      ok: true,
      value: {
        principal: { id: personId(idp, "alice"), kind: "person" },
        claims: { groups: ["support"] },
        issuedAtSeconds: now - 10,
        authTimeSeconds: now - 60,
        expiresAtSeconds: now + 3600,
      },
    });
    expect(result.ok && result.value.principal.subId).toBeUndefined();
  });

  it("keeps the raw pair only where a resource asks for it", async () => {
    const asking = registry(1, {
      kind: "resource",
      name: "tickets",
      uri: tickets,
      servedBy: "ticket-api",
      scopes: ["tickets:read"],
      subjectIdentifier: "iss_sub",
    });
    const result = await show(idToken(), {}, "planner", asking);
    expect(result.ok && result.value.principal.subId).toEqual({ iss: idp, sub: "alice" });
  });

  it("may come without typ and without jti, and is then denylisted by what was signed", async () => {
    const [one, other] = [
      await show(idToken({ jti: undefined }, { typ: undefined })),
      await show(idToken({ jti: undefined, nonce: "n" })),
    ];
    expect(one.ok && other.ok && one.value.login.document !== other.value.login.document).toBe(true);
    expect(one.ok && (await show(idToken({ jti: undefined }, { typ: undefined }))).ok).toBe(true);
  });

  it("threat 1: of one jti is denylisted under one key however often it is signed, and for one agent only", async () => {
    const both = registry(1, agent("triage", { clients: [{ issuer: idp, clientId: "planner-app" }] }));
    const [first, again, triage] = [
      await show(idToken()),
      await show(idToken()),
      await show(idToken(), {}, "triage", both),
    ];
    if (!first.ok || !again.ok || !triage.ok) throw new Error("expected three good tokens");
    expect(again.value.login.document).toBe(first.value.login.document);
    expect(triage.value.login.document).not.toBe(first.value.login.document);
  });

  it("threat 1: whose signature is respelled does not escape the denylist", async () => {
    const token = idToken({ jti: undefined });
    const [head, signature = ""] = [token.slice(0, token.lastIndexOf(".")), token.split(".")[2]];
    const bytes = Buffer.from(signature, "base64url");
    // s and n-s sign the same (ECDSA): two texts, one token
    const n = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    const s = n - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
    const flipped = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
    const [one, two] = [await show(token), await show(`${head}.${flipped.toString("base64url")}`)];
    if (!one.ok || !two.ok) throw new Error("expected both spellings to verify");
    expect(two.value.login.document).toBe(one.value.login.document);
  });

  it("threat 2: issued to another agent's client opens nothing for this one", async () => {
    expect(await code(show(idToken({ aud: "triage-app" })))).toBe("person_token_foreign_client");
    expect(await code(show(idToken(), {}, "triage"))).toBe("person_token_foreign_client");
    expect(await code(show(idToken(), {}, "researcher"))).toBe("person_token_foreign_client");
  });

  it("threat 2: of another issuer with a client of the same name opens nothing", async () => {
    expect(await code(show(idToken({ iss: otherIdp }, {}, keys.other)))).toBe("person_token_foreign_client");
  });

  it("threat 8: with one sub at two issuers names two persons", async () => {
    const both = registry(
      1,
      agent("planner", {
        clients: [
          { issuer: idp, clientId: "planner-app" },
          { issuer: otherIdp, clientId: "planner-app" },
        ],
      }),
    );
    const [a, b] = [
      await show(idToken(), {}, "planner", both),
      await show(idToken({ iss: otherIdp }, {}, keys.other), {}, "planner", both),
    ];
    if (!a.ok || !b.ok) throw new Error("expected two good tokens");
    expect(a.value.principal.id).not.toBe(b.value.principal.id);
    expect(a.value.login.document).not.toBe(b.value.login.document);
  });

  it("threat 8: whose sub is an agent's SPIFFE ID names a person, never that agent", async () => {
    const result = await show(idToken({ sub: agentId("planner") }));
    expect(result.ok && result.value.principal).toEqual({ id: personId(idp, agentId("planner")), kind: "person" });
  });

  it.each<[string, object]>([
    ["nbf null", { nbf: null }],
    ["azp null", { azp: null }],
    ["auth_time null", { auth_time: null }],
    ["auth_time as digits", { auth_time: String(now - 5) }],
  ])("is taken with %s, as providers write it", async (_name, claims) => {
    expect(await code(show(idToken(claims)))).toBe("ok");
  });

  it("holds an auth_time in quotes for the number it is", async () => {
    const shown = await show(idToken({ auth_time: String(now - 5) }));
    expect(shown.ok && shown.value.authTimeSeconds).toBe(now - 5);
  });

  it.each(["exp", "iat", "nbf"])("is refused with %s in quotes", async (name) => {
    expect(await code(show(idToken({ [name]: String(now) })))).toBe("subject_token_invalid");
  });

  it("is refused when its keys cannot be fetched", async () => {
    web.failure = "unreachable";
    expect(await code(show(idToken()))).toBe("keys_unavailable");
  });

  it("is refused once expired, with 60 s of skew", async () => {
    expect(await code(show(idToken({ iat: now - 900, exp: now - 59 })))).toBe("ok");
    expect(await code(show(idToken({ iat: now - 900, exp: now - 60 })))).toBe("subject_token_expired");
  });

  it.each<[string, string, object, object?]>([
    ["of an unregistered issuer", "issuer_untrusted", { iss: "https://evil.example" }],
    ["whose issuer has a trailing slash", "issuer_untrusted", { iss: `${idp}/` }],
    ["whose issuer is a list", "subject_token_invalid", { iss: [idp] }],
    ["of ours", "issuer_untrusted", { iss: ownIssuer }],
    ["signed by the other issuer under the same kid", "subject_token_invalid", { iss: otherIdp }],
    ["for two audiences", "subject_token_invalid", { aud: ["planner-app", "triage-app"] }],
    ["without audience", "subject_token_invalid", { aud: undefined }],
    ["with another azp", "subject_token_invalid", { azp: "triage-app" }],
    ["without sub", "subject_token_invalid", { sub: undefined }],
    ["with an empty sub", "subject_token_invalid", { sub: "" }],
    ["with a sub of 256 characters", "subject_token_invalid", { sub: "a".repeat(256) }],
    ["with a bidi mark in sub", "subject_token_invalid", { sub: "ali\u202ece" }],
    ["without exp", "subject_token_invalid", { exp: undefined }],
    ["without iat", "subject_token_invalid", { iat: undefined }],
    ["issued in the future", "subject_token_invalid", { iat: now + 120 }],
    ["that lives for days", "subject_token_invalid", { exp: now + 200_000 }],
    ["with auth_time as text", "subject_token_invalid", { auth_time: "yesterday" }],
    ["with a jti that is a number", "subject_token_invalid", { jti: 7 }],
    ["that is an access token", "subject_token_invalid", {}, { typ: "at+jwt" }],
    ["that is a logout token", "subject_token_invalid", {}, { typ: "logout+jwt" }],
    ["of an unknown kid", "subject_token_invalid", {}, { kid: "k2" }],
    ["with its own key", "subject_token_invalid", {}, { jwk: {} }],
  ])("is refused %s", async (_name, wanted, claims, header) => {
    expect(await code(show(idToken(claims, header)))).toBe(wanted);
  });

  it.each(["", "x", "a.b.c", "..", "eyJ.eyJ.x"])("is refused when it is no JWT at all: %j", async (text) => {
    expect(await code(show(text))).toBe("subject_token_invalid");
  });
});

describe("a person's access token", () => {
  const access = (token: string, name = "planner") => show(token, { type: "access" }, name);

  it("for us, of the agent's client, names the person", async () => {
    const result = await access(accessToken());
    expect(result.ok && result.value.principal.id).toBe(personId(idp, "alice"));
    expect(await code(access(accessToken({ client_id: undefined, azp: "planner-app" })))).toBe("ok");
  });

  it("threat 2: of another client opens nothing", async () => {
    expect(await code(access(accessToken({ client_id: "triage-app" })))).toBe("person_token_foreign_client");
    expect(await code(access(accessToken(), "triage"))).toBe("person_token_foreign_client");
  });

  it.each<[string, object, object?]>([
    ["for a resource", { aud: tickets }],
    ["for us and a resource", { aud: [ownIssuer, tickets] }],
    ["for its client, as an ID token is", { aud: "planner-app" }],
    ["without client", { client_id: undefined }],
    ["whose azp disagrees", { azp: "triage-app" }],
    ["of the client itself", { sub: "planner-app" }],
    ["bound to a key nobody proved", { cnf: { jkt: "x" } }],
    ["that is an ID token", {}, { typ: "JWT" }],
    ["without typ", {}, { typ: undefined }],
  ])("is refused %s", async (_name, claims, header) => {
    expect(await code(access(accessToken(claims, header)))).toBe("subject_token_invalid");
  });

  it("threat 14: is refused as ID token, and an ID token as access token", async () => {
    expect(await code(show(accessToken()))).toBe("subject_token_invalid");
    expect(await code(access(idToken()))).toBe("subject_token_invalid");
  });
});
