import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, importJWK, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SigningKeyGone, signJwt } from "../../../core/jose/sign.ts";
import type { Signer } from "../../../core/model/ports.ts";
import { type KeyRoles, keyPolicy } from "../../../lambdas/aws/kms/key-policy.ts";
import { createKeyHolder, derToJose, publicKeyOf, signBy } from "../../../lambdas/aws/kms/keys.ts";
import { createMacSource } from "../../../lambdas/aws/kms/macs.ts";
import { type FakeKms, startKms } from "./kms-server.ts";

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyPem: string;
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: string }[];
  }[];
}
const file = new URL("../../vectors/wycheproof-ecdsa/ecdsa_secp256r1_sha256_test.json", import.meta.url);
const { testGroups } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const cases = testGroups.flatMap((group) =>
  group.tests.map((one) => ({ ...one, key: createPublicKey(group.publicKeyPem), der: Buffer.from(one.sig, "hex") })),
);
const holds = (one: (typeof cases)[number], signature: Uint8Array) =>
  verify("sha256", Buffer.from(one.msg, "hex"), { key: one.key, dsaEncoding: "ieee-p1363" }, signature);

describe("DER to r||s", () => {
  test("keeps every valid signature of Wycheproof valid, numbers of any length padded to 32 bytes", () => {
    const valid = cases.filter((one) => one.result === "valid");
    expect(valid.length).toBe(174);
    expect(valid.some((one) => one.der.length < 70)).toBe(true);
    const broken = valid.filter((one) => {
      const signature = derToJose(one.der);
      return signature.length !== 64 || !holds(one, signature);
    });
    expect(broken.map((one) => `${one.tcId} ${one.comment}`)).toEqual([]);
  });

  test("makes no invalid encoding of Wycheproof valid", () => {
    const invalid = cases.filter((one) => one.result === "invalid");
    expect(invalid.length).toBe(310);
    const accepted = invalid.filter((one) => {
      try {
        return holds(one, derToJose(one.der));
      } catch {
        return false;
      }
    });
    expect(accepted.map((one) => `${one.tcId} ${one.comment}`)).toEqual([]);
  });

  test("pads r = 1 and s = 2", () => {
    const signature = Buffer.from(derToJose(Buffer.from("3006020101020102", "hex")));
    expect(signature.toString("hex")).toBe(`${"0".repeat(63)}1${"0".repeat(63)}2`);
  });
});

let kms: FakeKms;
beforeAll(async () => {
  kms = await startKms();
});
afterAll(() => kms.close());
beforeEach(() => {
  kms.calls.length = 0;
  kms.answer = undefined;
  kms.failing = 0;
});

describe("the KMS signer", () => {
  const key = { keyArn: "arn:key", alg: "ES256", kid: "kid" } as const;
  const sign = (bytes: Uint8Array, joinId: string) => signBy(kms.client, key)(bytes, joinId);
  const input = Buffer.from("header.payload");

  test("sends a SHA-256 digest of what is signed, and the session's id in the user agent", async () => {
    kms.expect(input);
    const { signature, requestId } = await sign(input, "sid_0123456789-abcdefg");
    expect(signature).toHaveLength(64);
    expect(verify("sha256", input, { key: kms.publicKey, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
    expect(requestId).toBe("kms-1");
    expect(kms.calls).toHaveLength(1);
    expect(kms.calls[0]?.input).toEqual({
      KeyId: "arn:key",
      Message: createHash("sha256").update(input).digest("base64"),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    expect(kms.calls[0]?.userAgent).toMatch(/^aws-sdk-js\/.* lanyard\/sid_0123456789-abcdefg$/);
  });

  test("names each signature by its own session only", async () => {
    kms.expect(input);
    await sign(input, "first");
    await sign(input, "second");
    expect(kms.calls[1]?.userAgent).toMatch(/lanyard\/second$/);
    expect(kms.calls[1]?.userAgent).not.toContain("first");
  });

  test.each(["a\r\nx-evil: 1", "a b", "", "é", "x".repeat(65)])(
    "refuses the join id %j: it is a header",
    async (joinId) => {
      await expect(sign(input, joinId)).rejects.toThrow("join id");
      expect(kms.calls).toEqual([]);
    },
  );

  test("makes tokens that a standard verifier accepts, `kid` the key's RFC 7638 thumbprint", async () => {
    const spki = kms.publicKey.export({ format: "der", type: "spki" });
    const { kid, jwk, alg } = (await publicKeyOf(spki, "ES256")) ?? { kid: "", jwk: {}, alg: "ES256" as const };
    expect(kid).toBe(await calculateJwkThumbprint(await exportJWK(kms.publicKey)));
    const capturing = {
      kid,
      alg,
      sign: (bytes: Uint8Array, joinId: string) => {
        kms.expect(bytes);
        return sign(bytes, joinId);
      },
    };
    const signer: Signer = { purpose: "session", current: async () => capturing };
    const { token } = await signJwt(signer, { typ: "at+jwt", joinId: "sid" }, { sub: "a" });
    const verified = await jwtVerify(token, await importJWK(jwk, alg));
    expect(verified.protectedHeader).toEqual({ alg: "ES256", kid, typ: "at+jwt" });
  });

  test("says that a disabled key is gone, so that the next one signs", async () => {
    kms.failing = 1;
    await expect(sign(input, "sid")).rejects.toBeInstanceOf(SigningKeyGone);
  });

  test("throws when KMS answers something that is no signature", async () => {
    kms.answer = { Signature: Buffer.from("junk").toString("base64") };
    await expect(sign(input, "sid")).rejects.toThrow("not ECDSA in DER");
    kms.answer = {};
    await expect(sign(input, "sid")).rejects.toThrow("without a signature");
  });
});

describe("a key of KMS", () => {
  const roles: KeyRoles = {
    signers: { session: ["arn:aws:iam::111122223333:role/token"] },
    rotator: "arn:aws:iam::111122223333:role/rotator",
  };
  const holder = () => createKeyHolder(kms.client, roles);
  const hold = (one = holder()) => one.hold("arn:key", "session", "ES256");
  beforeEach(() => {
    kms.described = {};
    kms.policy = JSON.stringify(keyPolicy({ purpose: "session", alg: "ES256" }, roles, 30));
  });

  test("is looked at once, however many ask at the same time, and shows nothing private", async () => {
    const one = holder();
    const [found] = await Promise.all([hold(one), hold(one), hold(one)]);
    await hold(one);
    expect(kms.calls.map(({ operation }) => operation).sort()).toEqual(["DescribeKey", "GetKeyPolicy", "GetPublicKey"]);
    if (!found.ok) throw new Error(found.error);
    expect(Object.keys(found.value.jwk).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
    expect(found.value.kid).toBe(await calculateJwkThumbprint(await exportJWK(kms.publicKey)));
  });

  test.each([
    ["whose material somebody imported", { Origin: "EXTERNAL" }, "EXTERNAL"],
    ["that stands in an outside key store", { Origin: "EXTERNAL_KEY_STORE" }, "EXTERNAL_KEY_STORE"],
    ["that may have copies in other Regions", { MultiRegion: true }, "other Regions"],
    ["of another kind", { KeySpec: "RSA_2048" }, "RSA_2048"],
    ["for another use", { KeyUsage: "KEY_AGREEMENT" }, "KEY_AGREEMENT"],
    ["of another account", { AWSAccountId: "999999999999" }, "another account"],
  ])("%s is refused", async (_, described, why) => {
    kms.described = described;
    expect(await hold()).toEqual({ ok: false, error: expect.stringContaining(why) });
  });

  test("whose policy lets others sign is refused", async () => {
    kms.policy = JSON.stringify(
      keyPolicy({ purpose: "session", alg: "ES256" }, { ...roles, signers: { session: [`${roles.rotator}`] } }, 30),
    );
    expect(await hold()).toEqual({ ok: false, error: expect.stringContaining("does not deny kms:Sign") });
  });

  test("that is disabled or gone is refused and not a failure: the others go on", async () => {
    kms.failing = 3;
    expect(await hold()).toEqual({ ok: false, error: "KMS: DisabledException" });
  });

  test("that was refused is not asked about again at once: callers of public functions cause no KMS calls", async () => {
    kms.described = { Origin: "EXTERNAL" };
    const one = holder();
    await hold(one);
    const calls = kms.calls.length;
    await hold(one);
    expect(kms.calls.length).toBe(calls);
  });

  test("is not believed with its public half of another kind than KMS said", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    expect(await publicKeyOf(publicKey.export({ format: "der", type: "spki" }), "ES256")).toBeUndefined();
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
    expect(await publicKeyOf(weak.export({ format: "der", type: "spki" }), "RS256")).toBeUndefined();
    const fit = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
    expect((await publicKeyOf(fit.export({ format: "der", type: "spki" }), "RS256"))?.alg).toBe("RS256");
  });
});

describe("the minute's secret", () => {
  test("is the same for every instance, one call a minute each, another the next minute", async () => {
    const [one, two] = [createMacSource(kms.client, "arn:mac", "iss"), createMacSource(kms.client, "arn:mac", "iss")];
    const [a, b, c] = await Promise.all([one.minuteKey(7), one.minuteKey(7), two.minuteKey(7)]);
    expect(kms.calls).toHaveLength(2);
    expect(Buffer.from(a)).toEqual(Buffer.from(c));
    expect(Buffer.from(a)).toEqual(Buffer.from(b));
    expect(Buffer.from(await one.minuteKey(8))).not.toEqual(Buffer.from(a));
    expect(kms.calls[0]?.input).toMatchObject({ KeyId: "arn:mac", MacAlgorithm: "HMAC_SHA_256" });
  });

  test("is another for another issuer with the same key", async () => {
    const a = await createMacSource(kms.client, "arn:mac", "iss").minuteKey(7);
    const b = await createMacSource(kms.client, "arn:mac", "iss2").minuteKey(7);
    expect(Buffer.from(a)).not.toEqual(Buffer.from(b));
  });

  test("is asked for again after a failure", async () => {
    const macs = createMacSource(kms.client, "arn:mac", "iss");
    kms.failing = 1;
    await expect(macs.minuteKey(7)).rejects.toThrow();
    expect(await macs.minuteKey(7)).toHaveLength(32);
  });
});
