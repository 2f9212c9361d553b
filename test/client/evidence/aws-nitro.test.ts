import { describe, expect, it } from "vitest";
import { awsNitroEnclave, type NitroAttestationRequest } from "../../../client/evidence/aws-nitro-enclave.ts";
import { awsNitroTpm } from "../../../client/evidence/aws-nitro-tpm.ts";
import { createAgent } from "../../../client/index.ts";
import { awsNitroEnclave as enclaveAttestor } from "../../../core/attest/methods/aws-nitro-enclave/attestor.ts";
import { nitroClock, spkiOf, testNitro } from "../../kit/evidence/nitro.ts";
import { registry } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";

const issuer = "https://id.example";
const key = await testKey();
const wanted = { issuer, challenge: "challenge-1", jkt: key.jkt, publicKey: spkiOf(key) };

describe.each([
  ["aws-nitro-enclave", awsNitroEnclave],
  ["aws-nitro-tpm", awsNitroTpm],
])("evidence of %s", (type, make) => {
  it("asks the module for exactly this challenge, issuer and key, and hands its document on as it is", async () => {
    const asked: NitroAttestationRequest[] = [];
    const document = new Uint8Array([0x84, 0xff, 0x00]);
    const attest = async (request: NitroAttestationRequest) => {
      asked.push(request);
      return document;
    };
    expect(await make({ attest }).collect(wanted)).toEqual({ type, document: "hP8A" });
    expect(asked.map((each) => Object.values(each).map((bytes) => Buffer.from(bytes).toString("latin1")))).toEqual([
      ["challenge-1", issuer, spkiOf(key).toString("latin1")],
    ]);
  });

  it("is asked for anew each time: a document is for one challenge", async () => {
    const nonces: string[] = [];
    const attest = async ({ nonce }: NitroAttestationRequest) => {
      nonces.push(Buffer.from(nonce).toString());
      return nonce;
    };
    const source = make({ attest });
    const documents = [await source.collect(wanted), await source.collect({ ...wanted, challenge: "challenge-2" })];
    expect(nonces).toEqual(["challenge-1", "challenge-2"]);
    expect(documents[0]).not.toEqual(documents[1]);
  });
});

describe("an enclave's evidence", () => {
  const nitro = testNitro();
  /** The module, whose members are named as in C. */
  const attest = async ({ nonce, publicKey, userData }: NitroAttestationRequest) =>
    nitro.document({ nonce, public_key: publicKey, user_data: userData });
  const source = awsNitroEnclave({ attest });
  const attestor = enclaveAttestor({ root: nitro.root });
  const expected = {
    challenge: wanted.challenge,
    jkt: key.jkt,
    issuer,
    nowSeconds: nitroClock,
    registry: registry(),
  };

  it("is what the attestor takes, for this challenge, key and issuer alone", async () => {
    const evidence = await source.collect(wanted);
    expect(await attestor.attest(evidence, expected)).toMatchObject({ ok: true, value: { assurance: "measured" } });
    for (const other of [{ challenge: "c" }, { jkt: "j" }, { issuer: "https://other.example" }])
      expect((await attestor.attest(evidence, { ...expected, ...other })).ok).toBe(false);
  });

  it("that cannot be had is told by the failure's name alone, and nothing is sent to attest", async () => {
    const called: string[] = [];
    const urls = { attest: `${issuer}/attest`, token: issuer, introspect: issuer, revoke: issuer };
    const agent = createAgent({
      issuer,
      agent: "spiffe://x.example/agent/a",
      endpoints: urls,
      evidence: awsNitroEnclave({ attest: () => Promise.reject(new RangeError("/dev/nsm said secret-1")) }),
      fetch: async (url) => {
        called.push(String(url));
        return Response.json({ attestation_challenge: "c", expires_in: 60 });
      },
    });
    const failure = await agent.identity().catch((cause: unknown) => cause);
    expect(failure).toMatchObject({
      code: "evidence_failed",
      description: "aws-nitro-enclave: failed with RangeError",
    });
    expect(String(failure)).not.toContain("secret-1");
    expect(called).toEqual([`${issuer}/attest/challenge`]);
  });
});
