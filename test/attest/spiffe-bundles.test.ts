import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSpiffeBundle } from "../../core/keys/spiffe-bundle.ts";
import { createSpiffeBundles, type SpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import { limits } from "../../core/model/limits.ts";
import type { TrustedIssuerRegistration } from "../../core/model/registry.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { vectors } from "../kit/vectors.ts";
import { type TestKey, testKey } from "../kit/wire/key.ts";

const read = (document: unknown) => readSpiffeBundle(Buffer.from(JSON.stringify(document)));

describe("trust bundle vectors", () => {
  const { cases } = vectors<{ cases: readonly { file: string; expected: string }[] }>("spiffe/bundle-cases.json");
  it.each(cases.map((c) => [c.file, c.expected]))("vector: %s is %s", (file, expected) => {
    expect(read(vectors(`spiffe/${file}`)).ok ? "valid" : "invalid").toBe(expected);
  });

  it("gives JWT-SVIDs the keys of that use alone", () => {
    const bundle = read(vectors("spiffe/test-bundle.example.org.json"));
    if (!bundle.ok) throw new Error(bundle.error.why);
    const kids = ["authority1", "authority2", "authority3", "x509only", "nouse", "sym"];
    expect(kids.filter((kid) => bundle.value.jwtKeys.has(kid))).toEqual(["authority1", "authority2", "authority3"]);
    const wit = read(vectors("spiffe/go-spiffe/spiffebundle_valid_with_wit.json"));
    expect(wit.ok && wit.value.jwtKeys.has("uNhqAaPI7NDn7IHOsa2ac1BF4O5qGxjZ")).toBe(false);
    expect(wit.ok && wit.value.x509Authorities.length).toBe(1);
  });
});

const endpoint = "https://bundles.one.example/bundle";
const start = 1_785_542_400;
const domain = (more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "one",
  purpose: "spiffe",
  issuer: "spiffe://one.example",
  jwksUri: endpoint,
  algorithms: ["ES256"],
  ...more,
});

let keys: { a: TestKey; b: TestKey };
let web: MemoryWeb;
let time: { seconds: number };
let bundles: SpiffeBundles;
beforeAll(async () => {
  keys = { a: await testKey(), b: await testKey() };
});
beforeEach(() => {
  web = new MemoryWeb();
  time = { seconds: start };
  const clock = { nowMillis: () => time.seconds * 1000 };
  bundles = createSpiffeBundles({ fetcher: web, clock, ownIssuer: "https://own.example.com" });
});
const entry = (key: TestKey, kid: string) => ({ ...key.jwk, kid, use: "jwt-svid" });
const publish = (kids: readonly string[], more: object = {}) =>
  web.put(endpoint, { keys: kids.map((kid) => entry(keys.a, kid)), ...more });
async function has(kid: string, of = domain()): Promise<string> {
  const found = await bundles.lookup(of)({ alg: "ES256", kid });
  return found.ok ? "ok" : found.error.why;
}

describe("bundles of federated trust domains", () => {
  const both = () => web.put(endpoint, { keys: [entry(keys.a, "a"), entry(keys.b, "b")] });
  const only = (key: TestKey, kid: string) => web.put(endpoint, { keys: [entry(key, kid)] });
  const later = () => {
    time.seconds += 301;
  };

  it("cannot be rolled back where they have no sequence: what was withdrawn does not come back", async () => {
    both();
    expect([await has("a"), await has("b")]).toEqual(["ok", "ok"]);
    only(keys.b, "b");
    later();
    expect([await has("b"), await has("a")]).toEqual(["ok", "key_unknown"]);
    // whoever has the stolen key of before replays the bundle of before, or one that gives the key another name
    for (const replay of [both, () => only(keys.a, "a"), () => only(keys.a, "renamed")]) {
      replay();
      later();
      expect(await has("a")).not.toBe("ok");
      expect(await has("renamed")).not.toBe("ok");
    }
  });

  it("may bring a key back under a higher sequence, as their publisher says", async () => {
    web.put(endpoint, { keys: [entry(keys.a, "a")], spiffe_sequence: 1 });
    await has("a");
    web.put(endpoint, { keys: [entry(keys.b, "b")], spiffe_sequence: 2 });
    later();
    expect(await has("b")).toBe("ok");
    web.put(endpoint, { keys: [entry(keys.a, "a")], spiffe_sequence: 3 });
    later();
    expect(await has("a")).toBe("ok");
  });

  it("take new keys beside old ones and let old ones go, without a sequence", async () => {
    only(keys.a, "a");
    expect(await has("a")).toBe("ok");
    both();
    later();
    expect(await has("b")).toBe("ok");
    only(keys.b, "b");
    later();
    expect([await has("b"), await has("a")]).toEqual(["ok", "key_unknown"]);
  });

  it.each([
    ["60 s, as hinted", 60, 60],
    ["five minutes without a hint", undefined, 300],
    ["a minute at least", 1, 60],
    ["an hour at most", 1e15, 3_600],
    ["five minutes, hinted nothing", 0, 300],
    ["five minutes, hinted the past", -5, 300],
    ["five minutes, hinted beyond numbers", 1e18, 300],
    ["five minutes, hinted text", "60", 300],
  ])("are kept %s", async (_name, spiffe_refresh_hint, kept) => {
    publish(["k"], { spiffe_refresh_hint });
    await has("k");
    time.seconds = start + kept - 1;
    await has("k");
    expect(web.asked.length).toBe(1);
    time.seconds += 1;
    await has("k");
    expect(web.asked.length).toBe(2);
  });

  it("cost one fetch for a storm of invented kids", async () => {
    publish(["k"]);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => has(`invented-${i}`)));
    expect(new Set(answers)).toEqual(new Set(["key_unknown"]));
    expect(web.asked).toEqual([endpoint]);
  });

  it("drop what a newer one no longer has", async () => {
    publish(["old"], { spiffe_sequence: 1 });
    expect(await has("old")).toBe("ok");
    publish(["new"], { spiffe_sequence: 2 });
    time.seconds += limits.keySetPauseSeconds;
    expect(await has("new")).toBe("ok");
    expect(await has("old")).toBe("key_unknown");
  });

  it.each([1, undefined])(
    "refuse a rollback from sequence 2 to %s, and serve the newer one",
    async (spiffe_sequence) => {
      publish(["new"], { spiffe_sequence: 2 });
      expect(await has("new")).toBe("ok");
      publish(["withdrawn"], { spiffe_sequence });
      time.seconds += limits.bundleAgeSeconds;
      expect(await has("withdrawn")).toBe("keys_unavailable");
      expect(await has("new")).toBe("ok");
    },
  );

  it("revoke everything at once when they come without keys", async () => {
    publish(["k"], { spiffe_refresh_hint: 60 });
    expect(await has("k")).toBe("ok");
    publish([]);
    time.seconds += 60;
    expect(await has("k")).toBe("keys_unavailable");
  });

  it("serve beyond their age while fetching fails, but not for long", async () => {
    publish(["k"]);
    await has("k");
    web.failure = "timeout";
    time.seconds = start + limits.bundleAgeSeconds + limits.keySetStaleSeconds - 1;
    expect(await has("k")).toBe("ok");
    time.seconds += 1;
    expect(await has("k")).toBe("keys_unavailable");
  });

  it("threat 28: are kept by trust domain: one kid in two domains is two keys", async () => {
    publish(["k"]);
    web.put("https://bundles.two.example/bundle", { keys: [entry(keys.b, "k")] });
    const two = domain({ name: "two", issuer: "spiffe://two.example", jwksUri: "https://bundles.two.example/bundle" });
    const [a, b] = [
      await bundles.lookup(domain())({ alg: "ES256", kid: "k" }),
      await bundles.lookup(two)({ alg: "ES256", kid: "k" }),
    ];
    expect(a.ok && (a.value as { x?: string }).x).toBe(keys.a.jwk.x);
    expect(b.ok && (b.value as { x?: string }).x).toBe(keys.b.jwk.x);
  });

  it("give no key for an algorithm the domain is not registered for", async () => {
    publish(["k"]);
    expect(await has("k", domain({ algorithms: ["ES384"] }))).toBe("alg");
    expect(web.asked).toEqual([]);
  });

  it.each([
    ["plain http", "http://bundles.one.example/bundle"],
    ["an address", "https://169.254.169.254/bundle"],
    ["a metadata service", "https://metadata.google.internal/bundle"],
    ["nowhere", undefined],
  ])("are never fetched over %s", async (_name, jwksUri) => {
    const { jwksUri: _, ...rest } = domain();
    expect(await has("k", jwksUri === undefined ? rest : { ...rest, jwksUri })).toBe("keys_unavailable");
    expect(web.asked).toEqual([]);
  });

  it.each<[string, { keys?: unknown; padding?: string; spiffe_sequence?: unknown }]>([
    ["is larger than allowed", { padding: "x".repeat(limits.bundleBytes) }],
    ["names one kid twice", { keys: "twice" }],
    ["has a sequence that is text", { spiffe_sequence: "1" }],
    ["has a sequence beyond numbers", { spiffe_sequence: 1e30 }],
    ["has more keys than are looked at", { keys: "many" }],
    ["has an entry that is no object", { keys: [7] }],
  ])("are refused whole when one %s", async (_name, more) => {
    const k = entry(keys.a, "k");
    const odd = more.keys === "twice" ? [k, entry(keys.b, "k")] : more.keys === "many" ? Array(101).fill(k) : more.keys;
    web.put(endpoint, { keys: [k], ...more, ...(odd === undefined ? {} : { keys: odd }) });
    expect(await has("k")).toBe("keys_unavailable");
  });

  it("are refused when the endpoint redirects", async () => {
    publish(["k"]);
    web.failure = "redirect";
    expect(await has("k")).toBe("keys_unavailable");
  });

  property.prop([
    fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.json().map((t) => Buffer.from(t)),
    ),
  ])("are read from any bytes without a crash", (bytes) => {
    expect(typeof readSpiffeBundle(bytes).ok).toBe("boolean");
  });
});
