import { createHash, createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { decode, encode } from "cborg";
import { describe, expect, it } from "vitest";
import { awsNitroRoot } from "../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../core/attest/formats/nitro/verify.ts";
import { openNitro } from "../../local/emulator/enclave.ts";
import { spkiOf } from "../kit/evidence/nitro.ts";
import { testKey } from "../kit/wire/key.ts";

const clockMillis = 1_785_542_400_000;
const image = { pcr0: "ab".repeat(48), roleArn: "arn:aws:iam::123456789012:role/parent" };
const issuer = "http://127.0.0.1:8800";
const nitro = openNitro("eu-west-1", () => clockMillis);
const enclave = nitro.start(image);
const key = await testKey();
const request = { nonce: Buffer.from("challenge-1"), userData: Buffer.from(issuer), publicKey: spkiOf(key) };
const document = enclave.attestationDocument(request);

const evaluate = (bytes: Uint8Array, more: object = {}) =>
  verifyNitroDocument(bytes, { kind: "enclave", root: nitro.root, nowSeconds: clockMillis / 1000, ...more });
const refusedBy = async (bytes: Uint8Array, more: object = {}) => {
  const verified = await evaluate(bytes, more);
  return verified.ok ? "accepted" : verified.error.check;
};

describe("a document of the embedded cloud's enclaves", () => {
  it("holds under the rules for AWS's own: signature, path, measurement, age and all three bindings", async () => {
    const verified = await evaluate(document, { challenge: "challenge-1", jkt: key.jkt, issuer });
    expect(verified).toMatchObject({ ok: true, value: { document: { moduleId: enclave.moduleId } } });
  });

  it("is never one of AWS's: the pinned root does not vouch for it", async () => {
    expect(await refusedBy(document, { root: awsNitroRoot })).not.toBe("accepted");
  });

  it("of another run of the cloud is refused, though every name in it is the same", async () => {
    const another = openNitro("eu-west-1", () => clockMillis).start(image);
    expect(await refusedBy(another.attestationDocument(request))).not.toBe("accepted");
    expect(await refusedBy(document, { root: openNitro("eu-west-1", () => clockMillis).root })).not.toBe("accepted");
  });

  it("carries what was asked for and nothing else: a document for no request is bound to none", async () => {
    const loose = enclave.attestationDocument({});
    expect(await refusedBy(loose)).toBe("accepted");
    expect(await refusedBy(loose, { challenge: "challenge-1" })).toBe("challenge");
    expect(await refusedBy(loose, { jkt: key.jkt })).toBe("key");
    expect(await refusedBy(loose, { issuer })).toBe("issuer");
  });

  it.each([
    ["challenge", "challenge", { challenge: "challenge-2" }],
    ["key", "key", { jkt: "another" }],
    ["issuer", "issuer", { issuer: "http://127.0.0.1:8801" }],
  ])("threat 16: is worth nothing for another %s", async (_name, check, expected) => {
    expect(await refusedBy(document, expected)).toBe(check);
  });

  it("measures the image, the parent's role and the instance into PCRs of their own, and nothing into the rest", async () => {
    const verified = await evaluate(document);
    if (!verified.ok) throw new Error(verified.error.why);
    const { pcrs, moduleId } = verified.value.document;
    expect(Buffer.from(pcrs.get(0) ?? []).toString("hex")).toBe(image.pcr0);
    const extended = (text: string) => createHash("sha384").update(Buffer.alloc(48)).update(text).digest();
    // as the documentation of PCR 3 and 4 has it: SHA-384 over 48 zero bytes and the text
    expect(Buffer.from(pcrs.get(3) ?? [])).toEqual(extended(image.roleArn));
    expect(Buffer.from(pcrs.get(4) ?? [])).toEqual(extended(moduleId.split("-enc")[0] ?? ""));
    for (let index = 5; index < 16; index++) expect(pcrs.get(index)).toEqual(new Uint8Array(48));
  });

  it("is of that enclave alone: two of one image differ in module, instance and key", () => {
    const twin = nitro.start(image);
    expect(twin.moduleId).not.toBe(enclave.moduleId);
    const leafOf = (bytes: Uint8Array) => {
      const payload = decode((decode(bytes, { useMaps: true }) as Uint8Array[])[2] ?? new Uint8Array(), {
        useMaps: true,
      });
      return new X509Certificate(payload.get("certificate"));
    };
    const [one, two] = [leafOf(document), leafOf(twin.attestationDocument(request))];
    expect(one.subject).toContain(enclave.moduleId);
    expect(one.publicKey.equals(two.publicKey)).toBe(false);
    expect(createPublicKey(one.publicKey.export({ format: "pem", type: "spki" })).asymmetricKeyType).toBe("ec");
  });

  it("is too old after five minutes, and its leaf after three hours", async () => {
    const nowSeconds = clockMillis / 1000;
    expect(await refusedBy(document, { nowSeconds: nowSeconds + 300 })).toBe("accepted");
    expect(await refusedBy(document, { nowSeconds: nowSeconds + 302 })).not.toBe("accepted");
    expect(await refusedBy(document, { nowSeconds: nowSeconds + 3 * 3_600 + 1 })).toBe("path");
  });

  property.prop([fc.nat(document.length - 1), fc.integer({ min: 1, max: 255 })])(
    "with any one byte changed never proves another image, instance or key",
    async (at, change) => {
      const bytes = Buffer.from(document);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      expect(await refusedBy(bytes, { challenge: "challenge-1", jkt: key.jkt, issuer })).not.toBe("accepted");
    },
  );

  it("never passes with another image's measurement under its signature", async () => {
    const [header, unprotected, payload, signature] = decode(document, { useMaps: true }) as [
      unknown,
      unknown,
      Uint8Array,
      unknown,
    ];
    const said = decode(payload, { useMaps: true }) as Map<string, Map<number, Uint8Array>>;
    said.get("pcrs")?.set(0, randomBytes(48));
    expect(await refusedBy(encode([header, unprotected, encode(said), signature]))).toBe("signature");
  });
});
