import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { afterAll, describe, expect, it } from "vitest";
import { type KeyDescription, openKey } from "../../../local/emulator/kms/key.ts";
import { openKms } from "../../../local/emulator/kms/service.ts";
import { derInteger, signP256Digest } from "../../../local/emulator/kms/sign-digest.ts";
import { type Answer, ServiceError } from "../../../local/emulator/service.ts";

const folder = mkdtempSync(join(tmpdir(), "kms-"));
afterAll(() => rmSync(folder, { recursive: true }));

const describeKey = (id: string, spec: string, usage: string, enabled = true): KeyDescription => ({
  id,
  arn: `arn:aws:kms:eu-west-1:111122223333:key/${id}`,
  spec,
  usage,
  enabled,
  tags: {},
});
const ec = openKey(describeKey("ec", "ECC_NIST_P256", "SIGN_VERIFY"), undefined);
const rsa = openKey(describeKey("rsa", "RSA_2048", "SIGN_VERIFY"), undefined);
const ed = openKey(describeKey("ed", "ECC_NIST_EDWARDS25519", "SIGN_VERIFY"), undefined);
const mac = openKey(describeKey("mac", "HMAC_256", "GENERATE_VERIFY_MAC"), undefined);
const off = openKey(describeKey("off", "ECC_NIST_P256", "SIGN_VERIFY", false), undefined);
const data = openKey(describeKey("data", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), undefined);
const kms = openKms([ec, rsa, ed, mac, off, data], new Map([["alias/signing", "ec"]]));

const caller = {
  roleArn: "r",
  sessionName: "s",
  tags: {},
  issuedAtMillis: 0,
  expiresAtMillis: 0,
  credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: "" },
};
const call = (operation: string, input: Record<string, unknown>) => {
  const answer = kms.call(operation, input, caller) as Answer;
  return answer.body as Record<string, string>;
};
const digestInput = (digest: Buffer, KeyId = "ec", SigningAlgorithm = "ECDSA_SHA_256") => ({
  KeyId,
  Message: digest.toString("base64"),
  MessageType: "DIGEST",
  SigningAlgorithm,
});
const edInput = (message: Uint8Array) => ({
  KeyId: "ed",
  Message: Buffer.from(message).toString("base64"),
  SigningAlgorithm: "ED25519_SHA_512",
});
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof ServiceError ? thrown.code : String(thrown);
  }
  return undefined;
};

describe("signing", () => {
  it("gives 500 signatures over digests that node:crypto verifies over the messages", () => {
    const publicKey = createPublicKey({
      key: Buffer.from(call("GetPublicKey", { KeyId: "ec" }).PublicKey ?? "", "base64"),
      format: "der",
      type: "spki",
    });
    for (let index = 0; index < 500; index += 1) {
      const message = randomBytes(40);
      const digest = createHash("sha256").update(message).digest();
      const signature = Buffer.from(call("Sign", digestInput(digest)).Signature ?? "", "base64");
      expect(verify("sha256", message, publicKey, signature)).toBe(true);
      expect(verify("sha256", digest, publicKey, signature)).toBe(false);
    }
  });

  it("verifies by any other P-256 key too, and for the digests of all zeros and all ones", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { d: _private, ...jwk } = privateKey.export({ format: "jwk" });
    expect(publicKey.export({ format: "jwk" })).toEqual(jwk);
    for (const byte of [0x00, 0xff]) expect(signP256Digest(Buffer.alloc(32, byte), privateKey)[0]).toBe(0x30);
  });

  it("signs digests by RSA PKCS#1 so that node:crypto verifies them", () => {
    const message = Buffer.from("message");
    const digest = createHash("sha256").update(message).digest();
    const { Signature = "" } = call("Sign", digestInput(digest, "rsa", "RSASSA_PKCS1_V1_5_SHA_256"));
    const { PublicKey = "" } = call("GetPublicKey", { KeyId: "rsa" });
    const publicKey = createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
    expect(verify("sha256", message, publicKey, Buffer.from(Signature, "base64"))).toBe(true);
  });

  it("hashes a RAW message once", () => {
    const { Signature = "" } = call("Sign", {
      KeyId: "ec",
      Message: Buffer.from("m").toString("base64"),
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    const { PublicKey = "" } = call("GetPublicKey", { KeyId: "ec" });
    const publicKey = createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
    expect(verify("sha256", Buffer.from("m"), publicKey, Buffer.from(Signature, "base64"))).toBe(true);
  });

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 4096 })])(
    "signs a message whole by Ed25519, in 64 bytes",
    (message) => {
      const { Signature = "" } = call("Sign", edInput(message));
      const answer = kms.call("GetPublicKey", { KeyId: "ed" }, caller) as Answer;
      const { PublicKey, ...told } = answer.body as Record<string, string>;
      expect(told).toMatchObject({ SigningAlgorithms: ["ED25519_SHA_512", "ED25519_PH_SHA_512"] });
      const publicKey = createPublicKey({ key: Buffer.from(PublicKey ?? "", "base64"), format: "der", type: "spki" });
      const signature = Buffer.from(Signature, "base64");
      expect(signature).toHaveLength(64);
      expect(verify(null, message, publicKey, signature)).toBe(true);
    },
  );

  it.each([
    ["a digest", { MessageType: "DIGEST" }, "ValidationException"],
    ["the algorithm over a digest", { SigningAlgorithm: "ED25519_PH_SHA_512" }, "UnsupportedOperationException"],
    ["an algorithm of other keys", { SigningAlgorithm: "ECDSA_SHA_256" }, "InvalidKeyUsageException"],
    ["too long a message", { Message: Buffer.alloc(4097).toString("base64") }, "ValidationException"],
  ])("refuses %s by Ed25519", (_, more, code) => {
    expect(codeOf(() => call("Sign", { ...edInput(Buffer.alloc(64)), ...more }))).toBe(code);
  });

  it.each([31, 33, 64])("refuses a digest of %i bytes", (length) => {
    expect(codeOf(() => call("Sign", digestInput(Buffer.alloc(length))))).toBe("ValidationException");
  });

  it.each([
    [
      "an algorithm of another key kind",
      digestInput(Buffer.alloc(32), "ec", "RSASSA_PKCS1_V1_5_SHA_256"),
      "InvalidKeyUsageException",
    ],
    ["a key for MACs", digestInput(Buffer.alloc(32), "mac"), "InvalidKeyUsageException"],
    ["a symmetric key", digestInput(Buffer.alloc(32), "data"), "InvalidKeyUsageException"],
    ["a disabled key", digestInput(Buffer.alloc(32), "off"), "DisabledException"],
    ["a key that does not exist", digestInput(Buffer.alloc(32), "gone"), "NotFoundException"],
  ])("refuses %s", (_name, input, code) => {
    expect(codeOf(() => call("Sign", input))).toBe(code);
  });

  it("finds a key by id, ARN, alias and alias ARN", () => {
    const names = ["ec", ec.arn, "alias/signing", "arn:aws:kms:eu-west-1:111122223333:alias/signing"];
    for (const KeyId of names) expect(call("GetPublicKey", { KeyId }).KeyId).toBe(ec.arn);
  });
});

describe("DER integers", () => {
  it.each([
    [0n, "020100"],
    [1n, "020101"],
    [0x7fn, "02017f"],
    [0x80n, "02020080"],
    [0xffn, "020200ff"],
    [0x100n, "02020100"],
  ])("write %i in the fewest bytes", (value, hex) => {
    expect(derInteger(value).toString("hex")).toBe(hex);
  });

  test.prop([fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })])("never look negative or padded", (value) => {
    const body = derInteger(value).subarray(2);
    expect(BigInt(`0x${body.toString("hex")}`)).toBe(value);
    expect((body[0] ?? 0) & 0x80).toBe(0);
    if (body.length > 1 && body[0] === 0) expect((body[1] ?? 0) & 0x80).toBe(0x80);
  });
});

describe("MACs", () => {
  const Message = Buffer.from("minute 1").toString("base64");

  it("verify for their own message and no other", () => {
    const { Mac = "" } = call("GenerateMac", { KeyId: "mac", Message, MacAlgorithm: "HMAC_SHA_256" });
    const check = (message: string, tag: string) => () =>
      call("VerifyMac", { KeyId: "mac", Message: message, Mac: tag, MacAlgorithm: "HMAC_SHA_256" });
    expect(check(Message, Mac)().MacValid).toBe(true);
    expect(codeOf(check(Buffer.from("minute 2").toString("base64"), Mac))).toBe("KMSInvalidMacException");
    expect(codeOf(check(Message, Mac.slice(0, 8)))).toBe("KMSInvalidMacException");
  });
});

describe("keys on disk", () => {
  it("are the same at the next start and readable for their owner only", () => {
    const description = describeKey("kept", "ECC_NIST_P256", "SIGN_VERIFY");
    const publicKeyOf = () =>
      openKms([openKey(description, folder)], new Map()).call("GetPublicKey", { KeyId: "kept" }, caller);
    expect(publicKeyOf()).toEqual(publicKeyOf());
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it("refuse a key spec that is not known", () => {
    expect(() => openKey(describeKey("x", "ECC_SECG_P256K1", "SIGN_VERIFY"), undefined)).toThrow(/ECC_SECG_P256K1/);
  });
});
