import { fc, test } from "@fast-check/vitest";
import { exportJWK, FlattenedSign, flattenedVerify, generateKeyPair } from "jose";
import { beforeEach, describe, expect } from "vitest";
import { type AgentCard, type CardSignature, createCardVerifier, signAgentCard } from "../../../client/a2a.ts";
import { createDiscoveryEndpoint } from "../../../core/endpoints/discovery.ts";
import type { AgentKey, AgentRegistration } from "../../../core/model/agent-registration.ts";
import { publishedCardKeys } from "../../../core/registry/published.ts";
import { canonicalText } from "../../../core/text/jcs.ts";
import { inBase } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";

const card = {
  name: "Route planner",
  description: "Plans routes",
  version: "1.2.0",
  supportedInterfaces: [{ url: "https://routes.example/a2a", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  capabilities: { streaming: false },
  skills: [{ id: "route", name: "Route", description: "é ö €", tags: ["maps"] }],
};

/** A key and its registration. */
async function registered(kid: string, alg: "ES256" | "Ed25519" = "ES256") {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const jwk = { kty, kid, alg, crv, x, ...(y === undefined ? {} : { y }) } as AgentKey;
  return { jwk, publicKey, signer: { key: privateKey, kid, alg } };
}
type Key = Awaited<ReturnType<typeof registered>>;

let time = 0;
let agents: AgentRegistration[] = [];
let asked: string[] = [];
const endpoint = createDiscoveryEndpoint({
  issuer,
  cardKeys: async (agent: string) => publishedCardKeys(agents)[agent],
} as unknown as Parameters<typeof createDiscoveryEndpoint>[0]);
/** The issuer's own discovery, behind a fetch. */
const fetch: typeof globalThis.fetch = async (input) => {
  const url = new URL(String(input));
  asked.push(url.href);
  if (url.origin !== new URL(issuer).origin) throw new TypeError("nobody is asked but the issuer");
  const call = { method: "GET", path: url.pathname, url: url.href, contentType: undefined, body: "", dpop: [] };
  const { status, headers, body } = await endpoint({ ...call, requestId: "r" });
  return new Response(body, { status, headers: headers ?? {} });
};
const clock = { nowMillis: () => time * 1000 };
const register = (name: string, keys: readonly AgentKey[], more: Partial<AgentRegistration> = {}) => {
  const row: AgentRegistration = { ...inBase("agent", "planner"), name, keys, signsCards: true, ...more };
  agents = [...agents.filter((one) => one.name !== name), row];
};
const verifier = (agent = "planner") => createCardVerifier({ issuer, agent, fetch, clock });
const verify = (text: string | object, agent?: string) =>
  verifier(agent).verify(typeof text === "string" ? text : JSON.stringify(text));
/** Signs as no signer of ours would. */
const forged = async (payload: object, header: object, { key }: Key["signer"], beside?: object) => {
  const text = canonicalText(payload);
  const bytes = new TextEncoder().encode(text.ok ? text.value : "");
  const made = await new FlattenedSign(bytes).setProtectedHeader(header as { alg: string }).sign(key);
  const signature = { protected: made.protected, signature: made.signature, ...(beside ? { header: beside } : {}) };
  return { ...payload, signatures: [signature] };
};
const refusal = (description: RegExp) => ({ code: "card_refused", description: expect.stringMatching(description) });

let own: Key;
let other: Key;
beforeEach(async () => {
  time = 1_790_000_000;
  [agents, asked] = [[], []];
  [own, other] = await Promise.all([registered("k1"), registered("k1")]);
  register("planner", [own.jwk]);
  register("triage", [other.jwk]);
});

describe("a card", () => {
  test("signed by its agent's registered key verifies, whatever order and blanks it comes in", async () => {
    const signed = await signAgentCard(card, own.signer);
    expect(await verify(signed)).toEqual(card);
    const turned = Object.fromEntries(Object.entries(signed).reverse());
    expect(await verify(JSON.stringify(turned, undefined, 2))).toEqual(card);
    expect(asked).toEqual([`${issuer}/.well-known/agent-keys/planner`, `${issuer}/.well-known/agent-keys/planner`]);
  });

  test("signed here is verified by anybody's JWS library over RFC 8785", async () => {
    const { signatures } = await signAgentCard(card, own.signer);
    const text = canonicalText(card);
    const payload = Buffer.from(text.ok ? text.value : "").toString("base64url");
    const [first] = signatures;
    const { protectedHeader } = await flattenedVerify({ payload, ...(first as CardSignature) }, own.publicKey);
    expect(protectedHeader).toEqual({ alg: "ES256", kid: "k1", typ: "JOSE" });
  });

  test("is verified by both keys of a rotation", async () => {
    const next = await registered("k2", "Ed25519");
    register("planner", [own.jwk, next.jwk]);
    expect(await verify(await signAgentCard(card, own.signer, next.signer))).toEqual(card);
  });

  test.prop([fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 })])(
    "never verifies for other content than was signed",
    async (one, changed) => {
      const [first, second] = [{ a: one }, { a: changed }].map((value) => JSON.parse(JSON.stringify(value)) as object);
      const made = await forged(first as object, { alg: "ES256", kid: "k1", typ: "JOSE" }, own.signer);
      const swapped = { ...second, signatures: made.signatures };
      const texts = [first, second].map((value) => canonicalText(value));
      const same = texts[0]?.ok && texts[1]?.ok && texts[0].value === texts[1].value;
      const outcome = await verify(swapped).then(
        () => true,
        () => false,
      );
      expect(outcome).toBe(same === true);
    },
  );
});

describe("threat 52: a card is refused", () => {
  test.each(["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"])(
    "that brings its own root of trust or way of reading: %s",
    async (name) => {
      const value = name === "jwk" ? other.jwk : name === "jku" ? "https://evil.example/keys" : ["x"];
      // the key is the right one: it is the header that disqualifies the card
      const made = await forged(card, { alg: "ES256", kid: "k1", typ: "JOSE" }, own.signer);
      const [signature] = made.signatures;
      const header = { alg: "ES256", kid: "k1", [name]: value };
      const text = Buffer.from(JSON.stringify(header)).toString("base64url");
      const signed = { ...card, signatures: [{ ...signature, protected: text }] };
      await expect(verify(signed)).rejects.toMatchObject(refusal(new RegExp(`holds ${name.replace("#", "#")}`)));
      await expect(verify(await forged(card, { alg: "ES256", kid: "k1" }, own.signer, header))).rejects.toMatchObject(
        refusal(/unprotected/),
      );
      expect(asked).toEqual([]);
    },
  );

  test("that another agent signed, though its key has the same kid", async () => {
    const signed = await signAgentCard(card, other.signer);
    expect(await verify(signed, "triage")).toEqual(card);
    await expect(verify(signed, "planner")).rejects.toMatchObject(refusal(/not of this card/));
  });

  test("that was changed, however little", async () => {
    const signed = await signAgentCard(card, own.signer);
    const elsewhere = [{ ...card.supportedInterfaces[0], url: "https://evil.example/a2a" }];
    for (const changed of [
      { ...signed, supportedInterfaces: elsewhere },
      { ...signed, more: true },
      { ...signed, description: "Plans routes " },
      { ...signed, capabilities: {} },
    ])
      await expect(verify(changed)).rejects.toMatchObject(refusal(/not of this card/));
  });

  test("with a second signature that is nobody's, before or behind the agent's own", async () => {
    const signed = await signAgentCard(card, own.signer);
    const [mine] = signed.signatures;
    const stranger = await registered("k9");
    const [theirs] = (await signAgentCard(card, stranger.signer)).signatures;
    for (const signatures of [[mine, theirs], [theirs, mine], [mine, mine], [theirs]])
      await expect(verify({ ...card, signatures })).rejects.toMatchObject(refusal(/not registered|signed twice/));
    const many = Array.from({ length: 5 }, () => mine);
    await expect(verify({ ...card, signatures: many })).rejects.toMatchObject(refusal(/more than 4/));
  });

  test.each([
    ["no signature", {}],
    ["none in a list", { signatures: [] }],
    ["one that is no object", { signatures: ["x"] }],
    ["a text in the place of the list", { signatures: "x" }],
    ["half a signature", { signatures: [{ protected: "e30" }] }],
    ["a member that nobody knows", { signatures: [{ protected: "e30", signature: "AA", key: "x" }] }],
    ["a header that is no JSON", { signatures: [{ protected: "eA", signature: "AA" }] }],
    ["a header without kid", { signatures: [{ protected: "eyJhbGciOiJFUzI1NiJ9", signature: "AA" }] }],
  ])("with %s", async (_, more) => {
    await expect(verify({ ...card, ...more })).rejects.toMatchObject({ code: "card_refused" });
    expect(asked).toEqual([]);
  });

  test.each(["none", "HS256", "ES384", "Ed25519", "es256", "RS256"])(
    "whose header says alg %s, which its key is not registered for",
    async (alg) => {
      const signed = await signAgentCard(card, own.signer);
      const header = Buffer.from(JSON.stringify({ alg, kid: "k1", typ: "JOSE" })).toString("base64url");
      const signatures = [{ ...signed.signatures[0], protected: header }];
      await expect(verify({ ...card, signatures })).rejects.toMatchObject(refusal(/another algorithm/));
    },
  );

  test("that is longer than 65,536 bytes, or names a member twice, or nests without end, before anybody is asked", async () => {
    const signed = JSON.stringify(await signAgentCard(card, own.signer));
    await expect(verify(`${signed}${" ".repeat(65_536)}`)).rejects.toMatchObject(refusal(/longer/));
    const twice = signed.replace('"name":"Route planner"', '"name":"Evil","name":"Route planner"');
    await expect(verify(twice)).rejects.toMatchObject(refusal(/twice/));
    const header = Buffer.from('{"alg":"ES256","kid":"k9","kid":"k1"}').toString("base64url");
    await expect(verify({ ...card, signatures: [{ protected: header, signature: "AA" }] })).rejects.toMatchObject({
      code: "card_refused",
    });
    await expect(verify(`{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`)).rejects.toMatchObject(refusal(/deeper/));
    await expect(verifier().verify(new Uint8Array([0xff, 0x7b]))).rejects.toMatchObject(refusal(/UTF-8/));
    expect(asked).toEqual([]);
  });

  test("with a number that two readers read differently, or half a character", async () => {
    for (const text of ["9007199254740993", "1e999", '"\\ud800"'])
      await expect(
        verify(`{"a":${text},"signatures":[{"protected":"eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0","signature":"AAAA"}]}`),
      ).rejects.toMatchObject(refusal(/number|character/));
  });
});

describe("the registry is the root of trust", () => {
  test("a key that is taken out is believed for a minute and no longer", async () => {
    const signed = await signAgentCard(card, own.signer);
    const kept = verifier();
    await kept.verify(JSON.stringify(signed));
    register("planner", [(await registered("k2")).jwk]);
    time += 61;
    await expect(kept.verify(JSON.stringify(signed))).rejects.toMatchObject(refusal(/not registered/));
  });

  test.each([
    ["is suspended", { state: "suspended" as const }],
    ["signs no cards", { signsCards: undefined }],
    ["has no keys", { keys: undefined }],
  ])("nothing is published of an agent that %s, as of one that does not exist", async (_, more) => {
    const { signsCards, keys, ...row } = { ...inBase("agent", "planner"), keys: [own.jwk], signsCards: true as const };
    const rest = { ...row, ...("signsCards" in more ? {} : { signsCards }), ...("keys" in more ? {} : { keys }) };
    agents = [{ ...rest, ...("state" in more ? more : {}) }];
    const nobody = await fetch(`${issuer}/.well-known/agent-keys/nobody`);
    const answer = await fetch(`${issuer}/.well-known/agent-keys/planner`);
    expect([answer.status, nobody.status]).toEqual([404, 404]);
    await expect(verify(await signAgentCard(card, own.signer))).rejects.toMatchObject(refusal(/publishes no keys/));
  });

  test("what is published is the keys alone, for everybody, and for a minute", async () => {
    const answer = await fetch(`${issuer}/.well-known/agent-keys/planner`);
    expect(await answer.json()).toEqual({ issuer, agent: "planner", keys: [{ ...own.jwk, use: "sig" }] });
    expect([answer.headers.get("cache-control"), answer.headers.get("access-control-allow-origin")]).toEqual([
      "public, max-age=60",
      "*",
    ]);
  });

  test.each([
    ["another agent's document", { agent: "triage" }],
    ["another issuer's", { issuer: "https://evil.example" }],
    ["one without keys", { keys: [] }],
    ["one with two keys of one kid", { keys: "twice" }],
    ["one with a private key", { keys: "private" }],
  ])("an answer that is %s is not believed", async (_, more: Readonly<Record<string, unknown>>) => {
    const signed = JSON.stringify(await signAgentCard(card, own.signer));
    const keys =
      more.keys === "twice" ? [own.jwk, own.jwk] : more.keys === "private" ? [{ ...own.jwk, d: "x" }] : more.keys;
    const document = { issuer, agent: "planner", keys: [own.jwk], ...more, ...(keys ? { keys } : {}) };
    const lying = createCardVerifier({ issuer, agent: "planner", clock, fetch: async () => Response.json(document) });
    await expect(lying.verify(signed)).rejects.toMatchObject({ code: "keys_unavailable", retryable: true });
  });

  test("an issuer that does not answer, redirects or answers too much lets no card in", async () => {
    const signed = JSON.stringify(await signAgentCard(card, own.signer));
    for (const answer of [
      () => Promise.reject(new TypeError("fetch failed")),
      async () => Response.redirect("https://evil.example/"),
      async () => new Response("x".repeat(20_000)),
      async () => new Response("{}"),
    ])
      await expect(
        createCardVerifier({ issuer, agent: "planner", clock, fetch: answer }).verify(signed),
      ).rejects.toMatchObject({ code: "keys_unavailable" });
  });

  test("who is meant is said by the caller, as registered, and not by the card", () => {
    for (const agent of ["spiffe://a.example/agent/planner", "", "../planner", "a/../b", "a//b", "Planner", "a?b"])
      expect(() => verifier(agent), agent).toThrow(TypeError);
    expect(() => createCardVerifier({ issuer: "http://id.example", agent: "planner" })).toThrow(/https/);
  });
});

describe("signing", () => {
  test("refuses what verifiers leave out before they verify, and what has no canonical form", async () => {
    for (const odd of [{ a: null }, { a: "" }, { a: [] }, { a: { b: [{ c: "" }] } }, { a: 2 ** 60 }, { a: "\ud800" }])
      await expect(signAgentCard(odd, own.signer), JSON.stringify(odd)).rejects.toThrow(TypeError);
    await expect(signAgentCard({ a: "x".repeat(70_000) }, own.signer)).rejects.toThrow(/65536/);
    await expect(signAgentCard(card)).rejects.toThrow(TypeError);
  });

  test("replaces the signatures of a card that is signed already", async () => {
    const again = await signAgentCard(await signAgentCard(card, other.signer), own.signer);
    expect((await verify(again)) as AgentCard).toEqual(card);
  });
});
