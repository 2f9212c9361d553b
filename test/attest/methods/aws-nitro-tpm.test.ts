import { beforeAll, describe, expect, it } from "vitest";
import type { Expectation } from "../../../core/attest/contract/attestor.ts";
import { awsNitroEnclave } from "../../../core/attest/methods/aws-nitro-enclave/attestor.ts";
import { awsNitroTpm } from "../../../core/attest/methods/aws-nitro-tpm/attestor.ts";
import { nitroClock, nitroPcrs, spkiOf, testNitro } from "../../kit/evidence/nitro.ts";
import { registry } from "../../kit/registry.ts";
import { type TestKey, testKey } from "../../kit/wire/key.ts";

const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const challenge = "AAAAAAAAAAAAAAAAAAAAAA.1785542400.BBBB";
const nitro = testNitro();
let key: TestKey;
let thief: TestKey;
beforeAll(async () => {
  key = await testKey();
  thief = await testKey();
});

const tpm = awsNitroTpm({ root: nitro.root });
const enclave = awsNitroEnclave({ root: nitro.root });
const bound = () => ({
  nonce: Buffer.from(challenge),
  public_key: spkiOf(key),
  user_data: Buffer.from(issuer),
});
const ofTpm = (more: object = {}) =>
  nitro.document(
    { ...bound(), module_id: "i-0123456789abcdef0-tpm0000000000000000", pcrs: undefined, ...more },
    { pcrsAs: "nitrotpm_pcrs" },
  );
function show(document: Uint8Array, attestor = tpm) {
  const expect: Expectation = { challenge, jkt: key.jkt, issuer, nowSeconds: nitroClock, registry: registry(1) };
  return attestor.attest({ type: attestor.type, document: Buffer.from(document).toString("base64url") }, expect);
}

describe("a NitroTPM's document", () => {
  it("proves the boot image and the instance, and claims no build", async () => {
    const result = await show(ofTpm());
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const pcr4 = Buffer.from(nitroPcrs().get(4) ?? []).toString("hex");
    expect(result.value).toMatchObject({ assurance: "measured", facts: { pcr4, instanceId: "i-0123456789abcdef0" } });
    expect(result.value.build).toBeUndefined();
  });

  it("is refused when nothing was measured into PCR 4", async () => {
    const blank = new Map<unknown, unknown>([...nitroPcrs(), [4, Buffer.alloc(48)]]);
    expect(await show(ofTpm({ nitrotpm_pcrs: blank }))).toMatchObject({ ok: false, error: { check: "measured" } });
  });

  it("is never an enclave's, nor an enclave's a TPM's", async () => {
    expect(await show(ofTpm(), enclave)).toMatchObject({ ok: false, error: { check: "kind" } });
    expect(await show(nitro.document(bound()))).toMatchObject({ ok: false, error: { check: "kind" } });
  });

  it("threat 16: is refused when it is not bound to the caller's key", async () => {
    const stolen = ofTpm({ public_key: spkiOf(thief) });
    expect(await show(stolen)).toMatchObject({ ok: false, error: { field: "jkt" } });
  });
});
