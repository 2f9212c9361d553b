import { fc, test } from "@fast-check/vitest";
import { encode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import type { Expectation } from "../../../core/attest/contract/attestor.ts";
import { readAsn1 } from "../../../core/attest/formats/asn1.ts";
import { readCbor, readCoseSign1 } from "../../../core/attest/formats/cose.ts";
import { readNitroDocument } from "../../../core/attest/formats/nitro/document.ts";
import { verifyNitroDocument } from "../../../core/attest/formats/nitro/verify.ts";
import { readCertificate } from "../../../core/attest/formats/x509.ts";
import { awsNitroEnclave } from "../../../core/attest/methods/aws-nitro-enclave/attestor.ts";
import type { Check } from "../../../core/model/check.ts";
import { limits } from "../../../core/model/limits.ts";
import { ecPair, usage } from "../../kit/evidence/certificates.ts";
import { type NitroChanges, nitroClock, nitroModule, nitroPcrs, spkiOf, testNitro } from "../../kit/evidence/nitro.ts";
import { cpuWatch } from "../../kit/patience.ts";
import { registry } from "../../kit/registry.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";

const ours = "https://abc123.lambda-url.eu-west-1.on.aws";
const challenge = "AAAAAAAAAAAAAAAAAAAAAA.1785542400.BBBB";
const nitro = testNitro();
let key: TestKey;
let thief: TestKey;
beforeAll(async () => {
  key = await testKey();
  thief = await testKey();
});

const utf8 = (text: string) => Buffer.from(text, "utf8");
const bound = (more: Readonly<Record<string, unknown>> = {}) => ({
  nonce: utf8(challenge),
  public_key: spkiOf(key),
  user_data: utf8(ours),
  ...more,
});
const expectation = (more: Partial<Expectation> = {}): Expectation => ({
  challenge,
  jkt: key.jkt,
  issuer: ours,
  nowSeconds: nitroClock,
  registry: registry(1),
  ...more,
});
const enclave = awsNitroEnclave({ root: nitro.root });
const show = (bytes: Uint8Array, more: Partial<Expectation> = {}, attestor = enclave) =>
  attestor.attest({ type: attestor.type, document: Buffer.from(bytes).toString("base64url") }, expectation(more));
const attest = (members: Readonly<Record<string, unknown>> = {}, changes: NitroChanges = {}) =>
  show(nitro.document(bound(members), changes));
async function denial(result: ReturnType<typeof attest>) {
  const settled = await result;
  if (settled.ok) throw new Error("expected a refusal");
  return settled.error;
}
const hex = (index: number) => Buffer.from(nitroPcrs().get(index) ?? []).toString("hex");
const pcrs = (...changed: readonly (readonly [unknown, unknown])[]) =>
  new Map<unknown, unknown>([...nitroPcrs(), ...changed]);

describe("a Nitro enclave's document", () => {
  it("proves image, module and instance, and names the image as the build", async () => {
    expect(await attest()).toMatchObject({
      ok: true,
      value: {
        facts: {
          moduleId: nitroModule,
          instanceId: "i-0123456789abcdef0",
          pcr0: hex(0),
          pcr3: hex(3),
          pcr8: "00".repeat(48),
        },
        tags: {},
        assurance: "measured",
        build: `sha384:${hex(0)}`,
        evidenceEntry: { kind: "evidence", expiresAtSeconds: nitroClock + limits.evidenceAgeSeconds + 60 },
      },
    });
  });

  it("tells every check in order, up to the first that fails, and no more", async () => {
    const checks: Check[] = [];
    await show(nitro.document(bound({ nonce: utf8("other") })), { onCheck: (check) => checks.push(check) });
    expect(checks.map((c) => [c.name, c.ok])).toEqual([
      ...[
        "shape",
        "cose",
        "document",
        "certificates",
        "kind",
        "path",
        "signature",
        "timestamp",
        "subject",
        "measured",
        "age",
      ].map((name) => [name, true]),
      ["challenge", false],
    ]);
  });

  it("is one document however its signature is respelled", async () => {
    // (r, n - s) verifies as well as (r, s): a replay entry over the bytes would take both
    const n = BigInt(
      "0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    );
    const bytes = nitro.document(bound());
    const twin = Buffer.from(bytes);
    const s = n - BigInt(`0x${bytes.subarray(-48).toString("hex")}`);
    twin.write(s.toString(16).padStart(96, "0"), twin.length - 48, "hex");
    const [a, b] = [await show(bytes), await show(twin)];
    if (!a.ok || !b.ok) throw new Error("expected both to be good");
    expect(a.value.evidenceEntry).toEqual(b.value.evidenceEntry);
  });

  it("threat 16: is refused unless it carries our challenge, the caller's key and our issuer", async () => {
    const fields: readonly [Readonly<Record<string, unknown>>, string][] = [
      [{ nonce: undefined }, "challenge"],
      [{ nonce: null }, "challenge"],
      [{ nonce: utf8(`${challenge} `) }, "challenge"],
      [{ nonce: Buffer.alloc(0) }, "challenge"],
      [{ public_key: undefined }, "jkt"],
      [{ public_key: spkiOf(thief) }, "jkt"],
      [{ public_key: utf8(key.jkt) }, "jkt"],
      [{ public_key: utf8(JSON.stringify(key.jwk)) }, "jkt"],
      [{ public_key: Buffer.concat([spkiOf(key), Buffer.from([0])]) }, "jkt"],
      [{ user_data: undefined }, "issuer"],
      [{ user_data: utf8("https://other.example") }, "issuer"],
      [{ user_data: utf8(`${ours}/`) }, "issuer"],
    ];
    for (const [members, field] of fields)
      expect(await denial(attest(members))).toEqual({ code: "evidence_unbound", type: enclave.type, field });
  });

  it("threat 16: of an enclave is worth nothing to the thief who saw it, with his own key", async () => {
    expect(await denial(show(nitro.document(bound()), { jkt: thief.jkt }))).toMatchObject({ field: "jkt" });
  });

  it.each([0, 1, 2])("of debug mode is refused: PCR %i is zero, or missing", async (index) => {
    const without = nitroPcrs();
    without.delete(index);
    for (const set of [pcrs([index, Buffer.alloc(48)]), without])
      expect(await denial(attest({ pcrs: set }))).toMatchObject({ code: "evidence_invalid", check: "measured" });
  });

  it("is taken for five minutes and a minute ahead, not longer", async () => {
    const bytes = nitro.document(bound());
    const at = (seconds: number) => show(bytes, { nowSeconds: nitroClock + seconds });
    expect((await at(limits.evidenceAgeSeconds)).ok).toBe(true);
    expect((await at(-limits.foreignSkewSeconds)).ok).toBe(true);
    expect(await denial(at(limits.evidenceAgeSeconds + 1))).toMatchObject({ code: "evidence_expired" });
    expect(await denial(at(-limits.foreignSkewSeconds - 1))).toMatchObject({ check: "age" });
  });

  it("of a leaf that has expired is refused as expired", async () => {
    const changes = { leaf: { notAfterSeconds: nitroClock - 1 } };
    expect(await denial(attest({}, changes))).toEqual({
      code: "evidence_expired",
      type: enclave.type,
      expiredAtSeconds: nitroClock - 1,
    });
  });

  it.each([
    ["before its leaf was valid", { notBeforeSeconds: nitroClock - 10 }, nitroClock - 11],
    ["after its leaf's end, which has not come yet", { notAfterSeconds: nitroClock + 5 }, nitroClock + 6],
  ])("that says it was made %s is not genuine", async (_name, leaf, atSeconds) => {
    const timestamp = atSeconds * 1000;
    expect(await denial(attest({ timestamp }, { leaf }))).toMatchObject({
      code: "evidence_invalid",
      check: "timestamp",
    });
    const within = (Object.values(leaf)[0] ?? 0) * 1000;
    expect((await attest({ timestamp: within }, { leaf })).ok).toBe(true);
  });

  it.each<[string, string, NitroChanges]>([
    ["signed by another key than the leaf's", "signature", { foreign: true }],
    ["under a header that says ES256", "cose", { algorithm: -7 }],
    ["with an unsigned header", "cose", { unprotected: new Map([[4, Buffer.from("kid")]]) }],
    ["whose leaf is of another module", "subject", { leaf: { subject: "i-0ffffffffffffffff-enc00.eu-west-1.aws" } }],
    ["whose leaf's name only begins alike", "subject", { leaf: { subject: `${nitroModule}0.eu-west-1.aws` } }],
    ["whose leaf's name ends elsewhere", "subject", { leaf: { subject: `${nitroModule}.evil.example.aws` } }],
    ["whose leaf is a CA", "path", { leaf: { ca: true } }],
    ["whose leaf may sign certificates", "path", { leaf: { usage: usage.digitalSignature | usage.keyCertSign } }],
    ["whose leaf may sign nothing", "path", { leaf: { usage: usage.cRLSign } }],
    ["whose leaf's key is on another curve of that size", "path", { leaf: { key: ecPair("brainpoolP384r1") } }],
    ["whose leaf's key is on P-256", "cose", { leaf: { key: ecPair("P-256") } }],
    ["whose leaf is not valid yet", "path", { leaf: { notBeforeSeconds: nitroClock + 1 } }],
    ["whose leaf has a critical extension nobody knows", "certificates", { leaf: { critical: "1.2.3.4" } }],
    [
      "whose instance is no CA, yet limits a path",
      "certificates",
      { instance: { ca: false, usage: usage.keyCertSign } },
    ],
    ["whose instance may not sign certificates", "path", { instance: { usage: usage.digitalSignature } }],
    ["whose path is longer than its authorities allow", "path", { longer: true }],
    ["whose PCRs are a TPM's", "kind", { pcrsAs: "nitrotpm_pcrs" }],
  ])("is refused %s", async (_name, check, changes) => {
    expect(await denial(attest({}, changes))).toMatchObject({ code: "evidence_invalid", check });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["a member nobody documented", { extra: 1 }],
    ["both sets of PCRs", { nitrotpm_pcrs: nitroPcrs() }],
    ["PCR 32", { pcrs: pcrs([32, Buffer.alloc(48)]) }],
    ["a PCR named by text", { pcrs: pcrs(["0", Buffer.alloc(48)]) }],
    ["a PCR of SHA-256", { pcrs: pcrs([0, Buffer.alloc(32, 1)]) }],
    ["a timestamp below zero", { timestamp: -1 }],
    ["a fractional timestamp", { timestamp: 1.5 }],
    ["a module id with a line break", { module_id: `${nitroModule}\n` }],
    ["no certificate", { certificate: undefined }],
    ["an empty public key", { public_key: Buffer.alloc(0) }],
    ["nine authorities", { cabundle: Array.from({ length: 9 }, () => Buffer.from(nitro.root)) }],
  ])("is refused with %s", async (_name, members) => {
    expect(await denial(attest(members))).toMatchObject({ code: "evidence_invalid", check: "document" });
  });

  it("is refused of a second root, even when the bundle begins with ours", async () => {
    const other = testNitro();
    expect(await denial(show(other.document(bound())))).toMatchObject({ check: "certificates" });
    const grafted = other.document(bound({ cabundle: [Buffer.from(nitro.root)] }));
    expect(await denial(show(grafted))).toMatchObject({ check: "path" });
  });

  it("is refused under AWS's root when no other is given", async () => {
    expect(await denial(show(nitro.document(bound()), {}, awsNitroEnclave()))).toMatchObject({ check: "certificates" });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a number", 1],
    ["an object", {}],
    ["a list", []],
    ["an empty text", ""],
    ["padding alone", "="],
    ["other characters", "%%%"],
    ["two alphabets at once", "a+b_"],
    ["a text beyond its bound", "A".repeat(30_000)],
  ])("is refused when it is no base64 of a document: %s", async (_name, document) => {
    const result = enclave.attest({ type: enclave.type, document }, expectation());
    expect(await denial(result)).toMatchObject({ code: "evidence_invalid", check: "shape" });
  });
});

describe("whatever a stranger sends", () => {
  const options = { kind: "enclave", root: nitro.root, nowSeconds: nitroClock } as const;
  const sound = nitro.document();
  const bytes = fc.uint8Array({ maxLength: 2_000 });

  test.prop([bytes])("crashes no parser", async (input) => {
    for (const read of [readCbor, readCoseSign1, readNitroDocument, readAsn1, readCertificate])
      expect(read(input).ok).toBeTypeOf("boolean");
    expect((await verifyNitroDocument(input, options)).ok).toBe(false);
  });

  test.prop([fc.nat({ max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })])(
    "a sound document with any one octet changed is refused",
    async (at, mask) => {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] ?? 0) ^ mask;
      expect((await verifyNitroDocument(changed, options)).ok).toBe(false);
    },
  );

  test.prop([fc.anything({ maxDepth: 3 })])("a payload of any shape is refused", (value) => {
    let payload: Uint8Array;
    try {
      payload = encode(value);
    } catch {
      return;
    }
    expect(readNitroDocument(payload).ok).toBe(false);
  });

  it("a sound document is accepted by the same call, so the refusals above mean something", async () => {
    expect((await verifyNitroDocument(sound, options)).ok).toBe(true);
  });

  it.each<[string, Buffer]>([
    ["arrays in arrays", Buffer.alloc(limits.nitroDocumentBytes, 0x81)],
    ["endless arrays", Buffer.alloc(limits.nitroDocumentBytes, 0x9f)],
    ["tags on tags", Buffer.alloc(limits.nitroDocumentBytes, 0xc1)],
    ["an array that claims four thousand million", Buffer.from("9affffffff", "hex")],
    ["bytes that claim to be endless", Buffer.from("5bffffffffffffffff", "hex")],
    ["sequences in sequences", Buffer.alloc(limits.nitroDocumentBytes, Buffer.from([0x30, 0x80]))],
    ["more elements than any certificate", Buffer.concat([Buffer.from([0x30, 0x80]), Buffer.alloc(16_000)])],
  ])("is refused at once: %s", async (_name, input) => {
    const cpuMillis = cpuWatch();
    expect(readCbor(input).ok).toBe(false);
    expect(readAsn1(input).ok).toBe(false);
    expect((await verifyNitroDocument(input, options)).ok).toBe(false);
    expect(cpuMillis()).toBeLessThan(250);
  });

  it("is refused beyond its bound before anything is parsed", async () => {
    const long = Buffer.alloc(limits.nitroDocumentBytes + 1, 0x81);
    expect(await verifyNitroDocument(long, options)).toMatchObject({ ok: false, error: { check: "cose" } });
  });
});
