import { constants, generateKeyPairSync, sign } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import { spiffeX509Svid, svidBindingBytes } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { createSpiffeBundles } from "../../../core/keys/spiffe-bundles.ts";
import type { Check } from "../../../core/model/check.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { type CertificateShape, ecPair, issue, type TestCertificate, usage } from "../../kit/evidence/certificates.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { registry, trustDomain } from "../../kit/registry.ts";
import { federated, ours } from "./federated.ts";

const now = 1_785_542_400;
const both = [federated("one.example"), federated("two.example")];

const id = "spiffe://one.example/ns/billing";
const root = issue({ subject: "root", ca: true });
const otherRoot = issue({ subject: "other", ca: true });
/** Of the same name as the root, another key. */
const lookalike = issue({ subject: "root", ca: true });
const intermediate = issue({ subject: "inter", ca: true, pathLength: 0, uris: ["spiffe://one.example"] }, root);

let web: MemoryWeb;
const publish = (domain: string, ...roots: readonly TestCertificate[]) =>
  web.put(`https://bundles.${domain}/bundle`, {
    keys: roots.map((r) => ({ use: "x509-svid", kty: "EC", x5c: [r.der.toString("base64")] })),
  });
beforeEach(() => {
  web = new MemoryWeb();
  publish("one.example", root);
  publish("two.example", otherRoot);
});

const binding = { challenge: "c-1", jkt: "k-1", issuer: ours };
const signature = (by: TestCertificate, over = svidBindingBytes(binding)) =>
  sign("sha256", over, by.privateKey).toString("base64");

function evidence(chain: readonly TestCertificate[], signed?: string) {
  const [leaf] = chain;
  if (!leaf) throw new Error("a chain has a leaf");
  return {
    type: "spiffe-x509-svid",
    chain: chain.map((c) => c.der.toString("base64")),
    signature: signed ?? signature(leaf),
  };
}
async function attest(
  shown: Record<string, unknown>,
  rows: readonly Registration[] = both,
  onCheck: (check: Check) => void = () => {},
  bundles = createSpiffeBundles({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: ours }),
) {
  const expected = { ...binding, nowSeconds: now, registry: registry(1, ...rows), onCheck };
  return spiffeX509Svid({ bundles }).attest({ type: "spiffe-x509-svid", ...shown }, expected);
}
const denial = async (...args: Parameters<typeof attest>) => {
  const result = await attest(...args);
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
};
const leafOf = (shape: CertificateShape = {}, issuer = root) => issue({ uris: [id], ...shape }, issuer);

describe("an X.509-SVID", () => {
  it("whose holder signed our challenge proves its SPIFFE ID, fresh", async () => {
    expect(await attest(evidence([leafOf()]))).toMatchObject({
      ok: true,
      value: {
        facts: { spiffeId: id, trustDomain: "one.example" },
        tags: {},
        assurance: "fresh",
        evidenceEntry: {
          kind: "evidence",
          expiresAtSeconds: now + limits.challengeLifeSeconds + limits.foreignSkewSeconds,
        },
      },
    });
  });

  it("may come through an intermediate, with or without its root, and be anchored at the intermediate", async () => {
    const leaf = leafOf({}, intermediate);
    expect((await attest(evidence([leaf, intermediate]))).ok).toBe(true);
    expect((await attest(evidence([leaf, intermediate, root]))).ok).toBe(true);
    publish("one.example", intermediate);
    expect((await attest(evidence([leaf]))).ok).toBe(true);
    expect((await attest(evidence([leaf, intermediate]))).ok).toBe(true);
  });

  it("signs exactly context, challenge, thumbprint and issuer, a zero byte between each two", () => {
    expect(Buffer.from(svidBindingBytes(binding)).toString("latin1")).toBe(
      "lanyard-spiffe-x509-svid-v1\0c-1\0k-1\0https://abc123.lambda-url.eu-west-1.on.aws",
    );
  });

  it("may hold a P-384 key, or an RSA key signing with PSS", async () => {
    const p384 = leafOf({ key: ecPair("P-384") });
    const bytes = svidBindingBytes(binding);
    expect((await attest(evidence([p384], sign("sha384", bytes, p384.privateKey).toString("base64")))).ok).toBe(true);
    const rsa = leafOf({ key: generateKeyPairSync("rsa", { modulusLength: 2048 }) });
    const { RSA_PKCS1_PSS_PADDING: pss, RSA_PKCS1_PADDING: old } = constants;
    const key = rsa.privateKey;
    const by = (padding: number, saltLength: number) =>
      sign("sha256", bytes, { key, padding, saltLength }).toString("base64");
    expect((await attest(evidence([rsa], by(pss, 32)))).ok).toBe(true);
    expect(await denial(evidence([rsa], by(pss, 20)))).toMatchObject({ check: "binding" });
    expect(
      await denial(evidence([rsa], sign("sha256", bytes, { key, padding: old }).toString("base64"))),
    ).toMatchObject({
      check: "binding",
    });
  });

  it.each<[string, object]>([
    ["another challenge", { challenge: "c-2" }],
    ["a thief's key", { jkt: "k-2" }],
    ["another Lanyard", { issuer: "https://other.example" }],
    ["the same text cut elsewhere", { challenge: "c-1\0k", jkt: "-1" }],
  ])("threat 16: signed for %s is refused", async (_name, changed) => {
    const leaf = leafOf();
    const signed = signature(leaf, svidBindingBytes({ ...binding, ...changed }));
    expect(await denial(evidence([leaf], signed))).toMatchObject({ code: "evidence_invalid", check: "binding" });
  });

  it.each<[string, unknown]>([
    ["no signature", undefined],
    ["an empty one", ""],
    ["one in base64url", "_-_-"],
    ["a number", 7],
    ["a very long one", "A".repeat(40_000)],
  ])("threat 16: with %s is refused", async (_name, signed) => {
    expect(await denial({ ...evidence([leafOf()]), signature: signed })).toMatchObject({ check: "binding" });
  });

  it("threat 16: signed by another's key is refused: a certificate alone is public", async () => {
    expect(await denial(evidence([leafOf()], signature(leafOf())))).toMatchObject({ check: "binding" });
  });

  it("threat 28: of one domain never speaks for the same path in another", async () => {
    const theirs = issue({ uris: ["spiffe://two.example/ns/billing"] }, root);
    expect(await denial(evidence([theirs]))).toMatchObject({ check: "chain" });
    const genuine = issue({ uris: ["spiffe://two.example/ns/billing"] }, otherRoot);
    expect(await attest(evidence([genuine]))).toMatchObject({
      ok: true,
      value: { facts: { trustDomain: "two.example" } },
    });
    expect(await denial(evidence([leafOf({}, otherRoot)]))).toMatchObject({ check: "chain" });
  });

  it("threat 28: of our own trust domain is no evidence, whatever is registered", async () => {
    publish(trustDomain, root);
    const own = issue({ uris: [`spiffe://${trustDomain}/agent/planner`] }, root);
    expect(await denial(evidence([own]), [...both, federated(trustDomain)])).toMatchObject({ check: "trust-domain" });
    expect(web.asked).toEqual([]);
  });

  const dead: [string, string, () => readonly TestCertificate[]][] = [
    ["no URI", "spiffe-id", () => [issue({}, root)]],
    ["two URIs", "spiffe-id", () => [leafOf({ uris: [id, "https://example.com"] })]],
    ["one URI twice", "spiffe-id", () => [leafOf({ uris: [id, id] })]],
    ["a URI that is no SPIFFE ID", "spiffe-id", () => [leafOf({ uris: ["https://one.example/x"] })]],
    ["the ID of a trust domain", "spiffe-id", () => [leafOf({ uris: ["spiffe://one.example"] })]],
    ["a zero byte in its URI", "certificate", () => [leafOf({ uris: [`${id}\0.evil`] })]],
    ["an authority as leaf", "certificate", () => [leafOf({ ca: true, usage: usage.digitalSignature })]],
    ["a leaf that signs certificates", "certificate", () => [leafOf({ usage: 0x84 })]],
    ["a leaf that signs CRLs", "certificate", () => [leafOf({ usage: 0x82 })]],
    ["a leaf that signs nothing", "certificate", () => [leafOf({ usage: 0 })]],
    ["critical name constraints", "certificate", () => [leafOf({ critical: "2.5.29.30" })]],
    ["a critical extension nobody knows", "certificate", () => [leafOf({ critical: "1.2.3.4" })]],
    ["a SHA-1 signature", "certificate", () => [leafOf({ hash: "sha1" })]],
    ["an unknown domain", "trust-domain", () => [leafOf({ uris: ["spiffe://three.example/x"] })]],
    ["no issuer in the bundle", "chain", () => [leafOf({}, issue({ subject: "nobody", ca: true }))]],
    ["an issuer of the root's name", "chain", () => [leafOf({}, lookalike)]],
    ["its own signature", "chain", () => [issue({ subject: "root", uris: [id] })]],
    ["its intermediate missing", "chain", () => [leafOf({}, intermediate)]],
    ["a small RSA key", "chain", () => [leafOf({ key: generateKeyPairSync("rsa", { modulusLength: 1024 }) })]],
    ["a key of an unknown curve", "chain", () => [leafOf({ key: ecPair("secp256k1") })]],
    ["a time still to come", "chain", () => [leafOf({ notBeforeSeconds: now + 1 })]],
    [
      "a leaf as issuer",
      "certificate",
      () => {
        const middle = leafOf({ subject: "middle" });
        return [leafOf({}, middle), middle];
      },
    ],
    [
      "an intermediate of another domain",
      "certificate",
      () => {
        const middle = issue({ subject: "m", ca: true, uris: ["spiffe://two.example"] }, root);
        return [leafOf({}, middle), middle];
      },
    ],
    [
      "a path longer than its authority allows",
      "chain",
      () => {
        const below = issue({ subject: "below", ca: true }, intermediate);
        return [leafOf({}, below), below, intermediate];
      },
    ],
    ["certificates in the wrong order", "certificate", () => [intermediate, leafOf({}, intermediate)]],
    ["more certificates than are looked at", "shape", () => Array(limits.svidChainCertificates + 1).fill(leafOf())],
  ];
  it.each(dead)("is refused with %s", async (_name, check, chain) => {
    expect(await denial(evidence(chain()))).toMatchObject({ code: "evidence_invalid", check });
  });

  it("is refused once it, or what issued it, has expired", async () => {
    const expired = { code: "evidence_expired", expiredAtSeconds: now - 1 };
    expect(await denial(evidence([leafOf({ notAfterSeconds: now - 1 })]))).toMatchObject(expired);
    const old = issue({ subject: "old", ca: true, notAfterSeconds: now - 1 }, root);
    expect(await denial(evidence([leafOf({}, old), old]))).toMatchObject(expired);
    expect((await attest(evidence([leafOf({ notAfterSeconds: now })]))).ok).toBe(true);
  });

  it("is refused when its anchor may not sign certificates", async () => {
    const weak = issue({ subject: "weak", ca: true, usage: usage.digitalSignature });
    publish("one.example", weak);
    expect(await denial(evidence([leafOf({}, weak)]))).toMatchObject({ check: "chain" });
  });

  it("finds a new root once the pause is over, at one fetch for however many chains", async () => {
    const time = { seconds: now };
    const clock = { nowMillis: () => time.seconds * 1000 };
    const bundles = createSpiffeBundles({ fetcher: web, clock, ownIssuer: ours });
    const ask = (shown: object) => attest({ ...shown }, both, undefined, bundles);
    expect((await ask(evidence([leafOf()]))).ok).toBe(true);
    const next = issue({ subject: "next", ca: true });
    const shown = evidence([leafOf({}, next)]);
    publish("one.example", next);
    for (let i = 0; i < 20; i++) expect((await ask(shown)).ok).toBe(false);
    expect(web.asked.length).toBe(1);
    time.seconds += limits.keySetPauseSeconds;
    expect((await ask(shown)).ok).toBe(true);
    // and the old root is gone
    expect((await ask(evidence([leafOf()]))).ok).toBe(false);
  });

  it("says that keys are missing while the bundle cannot be had", async () => {
    web.failure = "unreachable";
    expect(await denial(evidence([leafOf()]))).toMatchObject({
      code: "keys_unavailable",
      issuer: "spiffe://one.example",
    });
  });

  it("tells every check in order", async () => {
    const checks: Check[] = [];
    await attest(evidence([leafOf()], ""), both, (check) => checks.push(check));
    expect(checks.map((c) => [c.name, c.ok])).toEqual([
      ["certificates", true],
      ["registration", true],
      ["path", true],
      ["binding", false],
    ]);
  });

  const soundLeaf = leafOf();
  const sound = soundLeaf.der;
  property.prop([fc.oneof(fc.jsonValue(), fc.array(fc.base64String(), { maxLength: 6 }))])(
    "no input crashes the attestor or makes it fetch",
    async (chain) => {
      expect((await attest({ chain, signature: chain })).ok).toBe(false);
      expect(web.asked).toEqual([]);
    },
  );

  property.prop([fc.nat({ max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })])(
    "no byte of a certificate can be changed",
    async (at, flip) => {
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      expect((await attest({ ...evidence([soundLeaf]), chain: [bytes.toString("base64")] })).ok).toBe(false);
    },
  );
});
