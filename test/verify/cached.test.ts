import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { createVerifier, type Verifier, type VerifierInput } from "../../core/verify/access-token.ts";
import { createIssuerKeys } from "../../core/verify/issuer-keys.ts";
import { createReplayStore } from "../../core/verify/replay.ts";
import { createTokenCaches, type TokenCaches } from "../../core/verify/token-cache.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { declared } from "../kit/registry.ts";
import { type TestKey, testKey } from "../kit/wire/key.ts";
import { createIssuer, issuer, resource, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
let caches: TokenCaches;
beforeEach(async () => {
  world = await createIssuer();
  caches = createTokenCaches();
});

const verifier = (more: Partial<VerifierInput> = {}) => world.verifier({ tokenCaches: caches, ...more });
const code = async (by: Verifier, token: string): Promise<string> => {
  const verified = await by.verify(world.request(token));
  return verified.ok ? "accepted" : verified.error.code;
};

describe("threat 50: a token that was verified before", () => {
  test("is refused at another resource, algorithm or issuer, however often it was accepted at its own", async () => {
    const token = world.token();
    // of one key set, so that nothing but the settings tells them apart
    const keys = createIssuerKeys({ issuer, fetcher: world.web, clock: world.clock });
    const own = verifier({ keys });
    for (let n = 0; n < 3; n++) expect(await code(own, token)).toBe("accepted");
    expect(await code(verifier({ keys, resource: "https://other.example" }), token)).toBe("token_invalid");
    expect(await code(verifier({ keys, algorithm: "RS256" }), token)).toBe("token_invalid");
    expect(await code(verifier({ keys, issuer: "https://other.example" }), token)).toBe("token_invalid");
    expect(await code(own, token)).toBe("accepted");
  });

  test("is refused by another issuer's key of the same kid, in one process and one cache", async () => {
    const token = world.token();
    expect(await code(verifier(), token)).toBe("accepted");
    const web = new MemoryWeb();
    for (const [url, document] of world.web.documents) web.documents.set(url, document);
    const impostor = world.published(world.foreign, "at+jwt", { kid: world.session.jkt });
    web.put(`${issuer}/.well-known/jwks.json`, { keys: [impostor, world.published(world.status, "statuslist+jwt")] });
    // all that a setting can name is the same: only the keys differ
    expect(await code(verifier({ fetcher: web }), token)).toBe("token_invalid");
    expect(await code(verifier(), token)).toBe("accepted");
  });

  test("is refused once its key is withdrawn, and once its kid is another key's", async () => {
    const token = world.token();
    const by = verifier();
    expect(await code(by, token)).toBe("accepted");
    const others = [world.published(world.status, "statuslist+jwt")];
    world.publishKeys(world.published(world.foreign, "at+jwt", { kid: world.session.jkt }), ...others);
    world.time.seconds += 61;
    world.publishList();
    expect(await code(by, token)).toBe("token_invalid");
    world.publishKeys(world.published(world.foreign, "at+jwt"), ...others);
    world.time.seconds += 61;
    world.publishList();
    expect(await code(by, token)).toBe("token_invalid");
  });

  test("is dropped with its key set, whatever is in the next", async () => {
    const by = verifier();
    expect(await code(by, world.token())).toBe("accepted");
    expect(caches.bytes).toBeGreaterThan(0);
    world.time.seconds += 61;
    world.publishList();
    expect(await code(by, "no.token.atall")).toBe("token_invalid");
    expect(await code(by, world.token({}, world.foreign))).toBe("token_invalid");
    expect(caches.bytes).toBe(0);
  });

  test("is refused when its session ended, its time is over or has not come, or the keys cannot be had", async () => {
    const by = verifier();
    const start = world.time.seconds;
    const token = world.token({ nbf: start, exp: start + 20 });
    expect(await code(by, token)).toBe("accepted");
    world.revoked.add(7);
    world.time.seconds += 5;
    world.publishList();
    expect(await code(by, token)).toBe("session_over");
    world.revoked.clear();
    world.time.seconds += 5;
    world.publishList();
    expect(await code(by, token)).toBe("accepted");
    world.time.seconds = start + 20;
    expect(await code(by, token)).toBe("token_expired");
    world.time.seconds = start - 20;
    expect(await code(by, token)).toBe("token_invalid");
    world.web.failure = "timeout";
    world.time.seconds = start + 400;
    expect(await code(by, token)).toBe("keys_unavailable");
  });

  test("needs a proof of its own each time: none, a used one, another's and a bearer header are refused", async () => {
    const by = verifier();
    const token = world.token();
    const request = world.request(token);
    expect(await by.verify(request)).toMatchObject({ ok: true });
    expect(await by.verify(request)).toMatchObject({ error: { code: "proof_replayed" } });
    expect(await by.verify(world.request(token, { dpop: [] }))).toMatchObject({ error: { code: "proof_missing" } });
    const bearer = world.request(token, { authorization: [`Bearer ${token}`], dpop: [] });
    expect(await by.verify(bearer)).toMatchObject({ error: { code: "bearer_not_accepted" } });
    expect(await verifier({ acceptBearer: true }).verify(bearer)).toMatchObject({
      error: { code: "bearer_not_accepted" },
    });
    const other = world.request(token, {}, { ath: "x".repeat(43) });
    expect(await by.verify(other)).toMatchObject({ error: { code: "proof_invalid" } });
  });

  test("is none that differs in its signature, a segment's spelling or a blank", async () => {
    const by = verifier();
    const token = world.token();
    expect(await code(by, token)).toBe("accepted");
    const end = token.at(-1) ?? "";
    const sloppy = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const spelled = `${token.slice(0, -1)}${sloppy[(sloppy.indexOf(end) ^ 1) % 64]}`;
    for (const other of [spelled, `${token}=`, `${token}A`, `${token}.`, token.replace(".", "..")])
      expect(await code(by, other), other.slice(-8)).toBe("token_invalid");
  });

  test("hands out what nobody can change, the first time as well", async () => {
    const texts = { type: "array", items: { type: "string" } };
    const by = verifier({
      details: [{ name: "ticket-customer", ...declared({ customers: texts }, { customers: "one_of" }) }],
    });
    const restricted = world.token({ authorization_details: [{ type: "ticket-customer", customers: ["42"] }] });
    for (let n = 0; n < 2; n++) {
      const verified = await by.verify(world.request(restricted));
      if (!verified.ok) throw new Error(verified.error.code);
      const { value } = verified;
      expect(() => (value.scopes as string[]).push("admin")).toThrow(TypeError);
      expect(() => Object.assign(value, { depth: 9 })).toThrow(TypeError);
      expect(() => Object.assign(value.principal, { id: "mallory" })).toThrow(TypeError);
      expect(() => (value.history as string[]).push("x")).toThrow(TypeError);
      const [detail] = value.details as unknown as readonly { customers: string[] }[];
      expect(() => detail?.customers.push("43")).toThrow(TypeError);
      expect(() => Object.setPrototypeOf(value, { admin: true })).toThrow(TypeError);
    }
  });

  test("is evaluated by what the verifier was made with, not by what its settings say later", async () => {
    const settings = { issuer, resource, clock: world.clock, fetcher: world.web, tokenCaches: caches };
    const by = createVerifier(settings);
    const foreign = world.token({ aud: "https://other.example" });
    expect(await code(by, world.token())).toBe("accepted");
    settings.resource = "https://other.example";
    expect(await code(by, foreign)).toBe("token_invalid");
    expect(await code(by, world.token())).toBe("accepted");
  });

  test("is never one that was refused: what failed is not remembered", async () => {
    const by = verifier();
    for (const bad of [
      world.token({}, world.foreign),
      world.token({ aud: "https://other.example" }),
      world.token({ exp: world.time.seconds - 1 }),
      world.token({ depth: -1 }),
      world.token({}, world.session, { crit: ["b64"], b64: false }),
    ])
      expect(await code(by, bad)).not.toBe("accepted");
    expect(caches.bytes).toBe(0);
  });
});

type Step =
  | { readonly kind: "ask"; readonly token: number; readonly by: number }
  | { readonly kind: "wait"; readonly seconds: number; readonly list: boolean }
  | { readonly kind: "keys"; readonly set: number }
  | { readonly kind: "revoke"; readonly idx: number }
  | { readonly kind: "web"; readonly down: boolean };

const kind = <K extends string>(name: K) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: kind("ask"), token: fc.constantFrom(0, 0, 1, 2, 3, 4, 5, 6), by: fc.nat(4) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind("wait"),
      seconds: fc.constantFrom(1, 4, 5, 20, 61, -15),
      list: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("keys"), set: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("revoke"), idx: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("web"), down: fc.constantFrom(false, false, true) }) },
);

/** An issuer with tokens, key sets and verifiers to draw from; what the first of each pair remembers, the second does not. */
async function drawn(spare: TestKey, shared: TokenCaches) {
  const it_ = await createIssuer();
  const start = it_.time.seconds;
  const { session, foreign, status } = it_;
  const list = it_.published(status, "statuslist+jwt");
  const impostor = it_.published(foreign, "at+jwt", { kid: session.jkt });
  const sets = [
    [it_.published(session, "at+jwt"), list],
    [it_.published(foreign, "at+jwt"), list],
    [impostor, list],
    [it_.published(session, "at+jwt"), it_.published(spare, "at+jwt"), list],
    [list],
  ];
  const other = "https://other.example";
  const place = (idx: number) => ({ status: { status_list: { idx, uri: it_.list } } });
  const tokens = [
    it_.token({ ...place(0), exp: start + 9_000 }),
    it_.token({ ...place(1), nbf: start, exp: start + 25 }),
    it_.token({ ...place(2), aud: other }),
    it_.token({ ...place(3), nbf: start + 4, exp: start + 100 }),
    it_.token(place(0), spare),
    it_.token(place(1), foreign, { kid: session.jkt }),
    it_.token({ ...place(2), depth: 65 }),
  ];
  // another publisher under the same name, as a second process of one host might be told
  const elsewhere = new MemoryWeb();
  for (const [url, document] of it_.web.documents) elsewhere.documents.set(url, document);
  elsewhere.put(`${issuer}/.well-known/jwks.json`, { keys: [impostor, list] });
  const keys = () => createIssuerKeys({ issuer, fetcher: it_.web, clock: it_.clock });
  const two = [keys(), keys()] as const;
  const pairs = [{}, { resource: other }, { algorithm: "RS256" as const }, { fetcher: elsewhere }, {}].map((more) =>
    [shared, null].map((tokenCaches, at) => {
      const held = "fetcher" in more ? {} : { keys: two[at === 0 ? 0 : 1] };
      return it_.verifier({ ...more, ...held, tokenCaches, replay: createReplayStore() });
    }),
  );
  return { it_, sets, tokens, pairs };
}

describe("a verifier that remembers tokens", () => {
  let spare: TestKey;
  beforeEach(async () => {
    spare = await testKey();
  });

  property.prop([fc.array(step, { minLength: 10, maxLength: 60 }), fc.constantFrom(8_000_000, 5_000)], {
    numRuns: 100,
  })(
    "says the same as one that does not, whatever happens to tokens, settings, clock, keys, lists and network",
    async (steps, roomBytes) => {
      const shared = createTokenCaches(roomBytes);
      const { it_, sets, tokens, pairs } = await drawn(spare, shared);
      for (const one of steps) {
        if (one.kind === "wait") {
          it_.time.seconds += one.seconds;
          if (one.list) it_.publishList();
        } else if (one.kind === "keys") it_.publishKeys(...(sets[one.set] ?? []));
        else if (one.kind === "revoke") it_.revoked.add(one.idx);
        else if (one.kind === "web") it_.web.failure = one.down ? "timeout" : undefined;
        else {
          const request = it_.request(tokens[one.token] ?? "");
          const [remembering, forgetful] = pairs[one.by] ?? [];
          const answers = [await remembering?.verify(request), await forgetful?.verify(request)];
          expect(answers[0]).toEqual(answers[1]);
        }
        expect(shared.bytes).toBeLessThanOrEqual(roomBytes);
      }
    },
  );
});
