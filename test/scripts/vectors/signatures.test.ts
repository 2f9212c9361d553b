import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { copyOf, folderWith, rewrite, tried } from "../readers.ts";

const topic = "wycheproof-signatures";
const message = Buffer.from("what was signed");

/** A file of one group and one test, whose signature is good. */
function made(schema: string, group: object, sig: Buffer, result = "valid") {
  const test = {
    tcId: 1,
    comment: "made here",
    flags: [],
    msg: message.toString("hex"),
    sig: sig.toString("hex"),
    result,
  };
  return folderWith({ "made_test.json": { schema, testGroups: [{ ...group, tests: [test] }] } });
}

describe("Wycheproof's bare signatures", () => {
  it.each([
    ["ecdsa_secp384r1_sha384_test.json", "ES384"],
    ["rsa_signature_2048_sha256_test.json", "RS256"],
    ["rsa_pss_2048_sha256_mgf1_32_test.json", "PS256"],
    ["ed25519_test.json", "Ed25519"],
  ])("fails %s alone for a good case whose signature was changed, and for a bad one called good", async (file, alg) => {
    const folder = copyOf(topic);
    rewrite(folder, file, ({ testGroups }) => {
      const tests = testGroups.flatMap((group: { tests: { result: string; sig: string }[] }) => group.tests);
      const good = tests.find(({ result }: { result: string }) => result === "valid");
      good.comment = "changed";
      good.sig = `${good.sig.slice(0, -2)}${good.sig.endsWith("00") ? "01" : "00"}`;
      const bad = tests.find(({ result }: { result: string }) => result === "invalid");
      bad.comment = "called good";
      bad.result = "valid";
    });
    const { why, trials } = await tried(`${folder}/${file}`);
    expect(why).toEqual([expect.stringMatching(/changed: invalid: /), expect.stringMatching(/called good: invalid: /)]);
    expect(trials.some(({ reason, passed }) => passed && reason === alg)).toBe(true);
  });

  it("evaluates the fixed form of ECDSA by the token's verifier and by that of enclaves", async () => {
    for (const [curve, hash, sha, alg] of [
      ["P-256", "sha256", "SHA-256", "ES256"],
      ["P-384", "sha384", "SHA-384", "ES384"],
    ] as const) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
      const sig = sign(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" });
      const name = curve === "P-256" ? "secp256r1" : "secp384r1";
      const group = { sha, publicKey: { curve: name }, publicKeyJwk: publicKey.export({ format: "jwk" }) };
      const schema = "ecdsa_p1363_verify_schema_v1.json";
      expect((await tried(made(schema, group, sig))).trials).toMatchObject([{ passed: true, reason: alg }]);
      expect((await tried(made(schema, group, sig.subarray(1)))).failed).toHaveLength(1);
    }
  });

  it("refuses what no list has: another curve, another hash, a small exponent, a short key", async () => {
    const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
    const rsa = (modulusLength: number, publicExponent = 65_537) =>
      generateKeyPairSync("rsa", { modulusLength, publicExponent });
    const pem = (key: { export(options: { type: "spki"; format: "pem" }): string | Buffer }) => ({
      publicKeyPem: key.export({ type: "spki", format: "pem" }),
    });
    const short = rsa(1_024);
    const weak = rsa(2_048, 3);
    const good = rsa(2_048);
    const pkcs1 = "rsassa_pkcs1_verify_schema_v1.json";
    const cases = [
      made(
        "ecdsa_verify_schema_v1.json",
        { sha: "SHA-512", publicKey: { curve: "secp521r1" }, ...pem(p521.publicKey) },
        sign("sha512", message, p521.privateKey),
        "invalid",
      ),
      made(pkcs1, { sha: "SHA-1", ...pem(good.publicKey) }, sign("sha1", message, good.privateKey), "invalid"),
      made(pkcs1, { sha: "SHA-256", ...pem(short.publicKey) }, sign("sha256", message, short.privateKey), "invalid"),
      made(pkcs1, { sha: "SHA-256", ...pem(weak.publicKey) }, sign("sha256", message, weak.privateKey), "invalid"),
    ];
    for (const folder of cases)
      expect((await tried(folder)).trials).toMatchObject([{ outcome: "invalid", passed: true }]);
    const taken = made(
      pkcs1,
      { sha: "SHA-256", ...pem(good.publicKey) },
      sign("sha256", message, good.privateKey),
      "invalid",
    );
    expect((await tried(taken)).failed).toMatchObject([{ outcome: "valid" }]);
  });

  it("refuses every MAC, a good one too, since whoever verifies one could make it", async () => {
    const key = Buffer.alloc(32, 7);
    const tag = createHmac("sha256", key).update(message).digest("hex");
    const test = { tcId: 1, comment: "good", key: key.toString("hex"), msg: message.toString("hex"), tag };
    const group = {
      keySize: 256,
      tagSize: 256,
      tests: [
        { ...test, result: "valid" },
        { ...test, result: "splendid" },
      ],
    };
    const folder = folderWith({ "hmac_test.json": { schema: "mac_test_schema_v1.json", testGroups: [group, {}] } });
    const { trials, why } = await tried(folder);
    expect(trials[0]).toMatchObject({ outcome: "invalid", expected: "valid: invalid", passed: true });
    expect(why).toEqual([expect.stringMatching(/no case: result/), expect.stringMatching(/no case: keySize/)]);
  });
});
