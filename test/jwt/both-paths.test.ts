import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import type { JWK } from "jose";
import { describe, expect, it } from "vitest";
import { importKey } from "../../core/jose/import-key.ts";
import { importKey as importKeyWeb } from "../../core/jose/import-key.web.ts";
import { publicJwkFor } from "../../core/jose/public-jwk.ts";
import { bothHold } from "../../scripts/vectors/jose/both-paths.ts";

const jwkOf = (key: KeyObject): JWK => key.export({ format: "jwk" }) as JWK;
const message = Buffer.from("what is signed");

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ed25519 = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const shortRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });

const es256 = (over: Uint8Array = message) => sign("sha256", over, { key: p256.privateKey, dsaEncoding: "ieee-p1363" });
const pss = (saltLength: number) =>
  sign("sha256", message, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

const holds = (alg: string, key: KeyObject, signature: Uint8Array) =>
  bothHold(alg, { key: jwkOf(key), message, signature });

describe("threat 50: a signature, by node:crypto and by WebCrypto alike", () => {
  it.each([
    ["ES256", p256.publicKey, es256()],
    ["ES384", p384.publicKey, sign("sha384", message, { key: p384.privateKey, dsaEncoding: "ieee-p1363" })],
    ["Ed25519", ed25519.publicKey, sign(null, message, ed25519.privateKey)],
    ["EdDSA", ed25519.publicKey, sign(null, message, ed25519.privateKey)],
    ["RS256", rsa.publicKey, sign("sha256", message, rsa.privateKey)],
    ["PS256", rsa.publicKey, pss(32)],
  ] as const)("holds where it is one by %s, and no longer or shorter", async (alg, key, signature) => {
    expect(await holds(alg, key, signature)).toBe(true);
    expect(await holds(alg, key, signature.subarray(1))).toBe(false);
    expect(await holds(alg, key, signature.subarray(0, -1))).toBe(false);
    expect(await holds(alg, key, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false);
    expect(await holds(alg, key, Buffer.concat([Buffer.alloc(1), signature]))).toBe(false);
    expect(await holds(alg, key, Buffer.alloc(0))).toBe(false);
    expect(await holds(alg, key, Buffer.alloc(signature.length))).toBe(false);
  });

  it("is refused in DER, which has many spellings of one signature", async () => {
    const der = sign("sha256", message, p256.privateKey);
    expect(await holds("ES256", p256.publicKey, der)).toBe(false);
    const padded = Buffer.concat([der, Buffer.alloc(Math.max(0, 64 - der.length))]).subarray(0, 64);
    expect(await holds("ES256", p256.publicKey, padded)).toBe(false);
  });

  it("is refused with a PSS salt of any length but the digest's", async () => {
    for (const saltLength of [0, 20, 31, 33, 64])
      expect(await holds("PS256", rsa.publicKey, pss(saltLength)), `${saltLength}`).toBe(false);
  });

  it("is refused when r or s is zero, or not below the order", async () => {
    const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    const good = es256();
    const [r, s] = [good.subarray(0, 32), good.subarray(32)];
    const added = (number: Uint8Array) => {
      const sum = BigInt(`0x${Buffer.from(number).toString("hex")}`) + BigInt(`0x${order.toString("hex")}`);
      return Buffer.from(sum.toString(16).padStart(64, "0").slice(-64), "hex");
    };
    for (const bad of [Buffer.alloc(32), order, Buffer.alloc(32, 0xff)]) {
      expect(await holds("ES256", p256.publicKey, Buffer.concat([bad, s]))).toBe(false);
      expect(await holds("ES256", p256.publicKey, Buffer.concat([r, bad]))).toBe(false);
    }
    expect(await holds("ES256", p256.publicKey, Buffer.concat([r, added(s)]))).toBe(false);
  });

  it("holds where r or s begins with zeros, or with its highest bit", async () => {
    const seen = new Set<string>();
    for (let n = 0; n < 4_000 && seen.size < 4; n++) {
      const over = Buffer.from(`message ${n}`);
      const signature = es256(over);
      const [r = 1, s = 1] = [signature[0], signature[32]];
      for (const [name, byte] of Object.entries({ r, s })) {
        const kind = byte === 0 ? "zero" : byte > 127 ? "high" : undefined;
        if (kind === undefined || seen.has(`${name} ${kind}`)) continue;
        seen.add(`${name} ${kind}`);
        expect(await bothHold("ES256", { key: jwkOf(p256.publicKey), message: over, signature })).toBe(true);
      }
    }
    expect([...seen].sort()).toEqual(["r high", "r zero", "s high", "s zero"]);
  });

  const alg = fc.constantFrom("ES256", "ES384", "Ed25519", "RS256", "PS256");
  const key = fc.constantFrom(p256, p384, ed25519, rsa, shortRsa);
  property.prop([alg, key, fc.uint8Array({ maxLength: 300 }), fc.nat(3), fc.constantFrom(48, 64, 96, 256)])(
    "is evaluated the same by both, whatever the key, the bytes and their zeros",
    async (by, { publicKey }, bytes, zeros, length) => {
      const signature = Buffer.concat([Buffer.alloc(zeros), bytes, Buffer.alloc(length)]).subarray(0, length);
      expect(await bothHold(by, { key: jwkOf(publicKey), message, signature })).toBe(false);
    },
  );

  property.prop([fc.nat(63), fc.integer({ min: 1, max: 255 })])(
    "is refused by both when one byte of it is another",
    async (at, flip) => {
      const signature = es256();
      signature[at] = (signature[at] ?? 0) ^ flip;
      expect(await holds("ES256", p256.publicKey, signature)).toBe(false);
    },
  );
});

describe("threat 50: a key, for node:crypto and for WebCrypto alike", () => {
  const importers = [importKey, importKeyWeb];
  const imported = (alg: string, jwk: JWK) =>
    Promise.all(importers.map(async (importing) => (await importing(alg, jwk)) !== undefined));

  it.each([
    ["of another curve", "ES256", jwkOf(p384.publicKey)],
    ["of a curve its own name denies", "ES256", { ...jwkOf(p384.publicKey), crv: "P-256" }],
    ["whose point is off the curve", "ES256", { ...jwkOf(p256.publicKey), y: jwkOf(p256.publicKey).x ?? "" }],
    ["of another kind", "ES256", jwkOf(rsa.publicKey)],
    ["of RSA with a short modulus", "RS256", jwkOf(shortRsa.publicKey)],
    ["of RSA with a short modulus, for PSS", "PS256", jwkOf(shortRsa.publicKey)],
    ["for an algorithm that nobody here verifies by", "ES512", jwkOf(p256.publicKey)],
    ["for none", "none", jwkOf(p256.publicKey)],
    ["for HMAC with public material", "HS256", jwkOf(rsa.publicKey)],
  ] as const)("is none %s", async (_what, alg, jwk) => {
    expect(await imported(alg, jwk)).toEqual([false, false]);
  });

  it.each([
    ["short by a byte", (x: Buffer) => x.subarray(1)],
    ["longer by a zero", (x: Buffer) => Buffer.concat([Buffer.alloc(1), x])],
  ])("is none when a coordinate is %s: a point has one spelling (RFC 7518 6.2.1.2)", (_what, twisted) => {
    for (const member of ["x", "y"] as const) {
      const jwk = jwkOf(p256.publicKey);
      const bytes = Buffer.from(jwk[member] ?? "", "base64url");
      expect(publicJwkFor("ES256", jwk)).toBeDefined();
      expect(publicJwkFor("ES256", { ...jwk, [member]: twisted(bytes).toString("base64url") })).toBeUndefined();
    }
    const jwk = jwkOf(ed25519.publicKey);
    const x = twisted(Buffer.from(jwk.x ?? "", "base64url")).toString("base64url");
    expect(publicJwkFor("EdDSA", { ...jwk, x })).toBeUndefined();
  });
});
