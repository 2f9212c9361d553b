import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentKey, type KeyPair } from "../../client/agent/agent-key.ts";
import { keptKey } from "../../client/kept-key.ts";
import { awsEc2InstanceIdentity } from "../../core/attest/methods/aws-ec2-instance-identity/attestor.ts";
import { oidc } from "../../core/attest/methods/oidc/attestor.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { limits } from "../../core/model/limits.ts";
import { testRegion } from "../kit/evidence/instance-identity.ts";
import { agent, agentId } from "../kit/registry.ts";
import { dpopProof, testKey } from "../kit/wire/key.ts";
import { attests, attestUrl } from "../kit/world/attests.ts";
import { issuer, startSeconds } from "../kit/world/ground.ts";
import { createWorld } from "../kit/world/world.ts";

const ci = "https://ci.example.com";
const selectors = [{ type: "oidc", exact: { issuer: ci, subject: "job:build" } }];

async function world(minimumAssurance: "document" | "fresh" = "document") {
  const made = await createWorld(
    [
      agent("builder", { selectors, minimumAssurance }),
      {
        kind: "trusted-issuer",
        name: "ci",
        purpose: "workload",
        issuer: ci,
        algorithms: ["ES256"],
      },
    ],
    attests(),
  );
  const issuerKey = await testKey();
  made.web.issuer(ci, [{ ...issuerKey.jwk, kid: "k", alg: "ES256", use: "sig" }]);
  const keySets = createKeySets({ fetcher: made.web, clock: made.clock, ownIssuer: issuer });
  const endpoint = createAttestEndpoint({ ...made.attestDeps, attestors: [oidc({ keySets })] });
  const token = issuerKey.jws(
    { alg: "ES256", kid: "k" },
    { iss: ci, sub: "job:build", aud: issuer, iat: startSeconds, exp: startSeconds + 300 },
  );
  const attestBy = async (proof: string) => {
    const challenge = await made.challenge();
    const body = { agent: agentId("builder"), evidence: { type: "oidc", token }, challenge };
    return (await endpoint(made.attestCall("/", body, { dpop: [proof] }))).status;
  };
  const attest = (key = made.key) => attestBy(dpopProof(key, { url: attestUrl, atSeconds: made.time.seconds }));
  /** A process of its own, that has whatever key it is given or makes one. */
  const start = async (pair?: KeyPair) => {
    const key = await createAgentKey(pair);
    return attestBy(await key.prove({ method: "POST", url: attestUrl, nowSeconds: made.time.seconds }));
  };
  return { ...made, attest, start };
}

describe("evidence without a challenge", () => {
  it("threat 16: belongs to the first key that shows it; the same key may show it again, a thief's may not", async () => {
    const { attest, takeDenial } = await world();
    expect(await attest()).toBe(200);
    expect(await attest()).toBe(200);
    expect(await attest(await testKey())).not.toBe(200);
    expect(JSON.stringify(takeDenial())).toContain("evidence_of_another_key");
    expect(await attest()).toBe(200);
  });

  it("threat 16: is shown again after a restart by a process that kept its key, and by no process that made a new one", async () => {
    const { start, time } = await world();
    const folder = mkdtempSync(join(tmpdir(), "restart-"));
    try {
      const file = join(folder, "agent.pem");
      expect(await start(await keptKey(file))).toBe(200);
      for (const later of [20, 180]) {
        time.seconds = startSeconds + later;
        expect(await start()).toBe(401);
        expect(await start(await keptKey(file))).toBe(200);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is refused where the registration asks for more, as it does unless it says otherwise", async () => {
    const { attest, takeDenial } = await world("fresh");
    expect(await attest()).not.toBe(200);
    expect(JSON.stringify(takeDenial())).toContain("assurance_too_low");
  });
});

/** An instance whose document alone is taken, as a stage may allow; each reading signs it anew. */
async function instanceWorld() {
  const exact = { instanceId: "i-0123456789abcdef0" };
  const selectors = [{ type: "aws-ec2-instance-identity", exact }];
  const made = await createWorld([agent("worker", { selectors, minimumAssurance: "document" })], attests());
  const [account, region] = ["111122223333", "eu-west-1"];
  const ec2 = testRegion(region);
  const certificates = new Map([[region, ec2.certificate]]);
  const attestors = [awsEc2InstanceIdentity({ certificates, allowAlone: true })];
  const endpoint = createAttestEndpoint({ ...made.attestDeps, attestors });
  /** Reads the document of the instance launched then, as often as it is called. */
  const launched = (launchedAtSeconds: number) => () =>
    ec2.document({ account, ...exact, launchedAtSeconds }, made.time.seconds);
  const attest = async (pkcs7: string, key = made.key) => {
    const challenge = await made.challenge();
    const body = { agent: agentId("worker"), evidence: { type: "aws-ec2-instance-identity", pkcs7 }, challenge };
    return (
      await endpoint(
        made.attestCall("/", body, { dpop: [dpopProof(key, { url: attestUrl, atSeconds: made.time.seconds })] }),
      )
    ).status;
  };
  return { ...made, attest, launched };
}

describe("an EC2 document alone", () => {
  it("threat 16: belongs to the first key, however often the metadata service signs it anew", async () => {
    const { attest, launched, takeDenial, time } = await instanceWorld();
    const read = launched(startSeconds);
    const first = read();
    expect(await attest(first)).toBe(200);
    time.seconds += 3_600;
    const second = read();
    expect(second).not.toBe(first);
    const thief = await testKey();
    for (const document of [first, second]) {
      expect(await attest(document, thief)).toBe(401);
      expect(takeDenial().own.denial.code).toBe("evidence_of_another_key");
      expect(await attest(document)).toBe(200);
    }
  });

  it("threat 16: is taken from nobody once its first key may be forgotten, until the instance is launched anew", async () => {
    const { attest, launched, takeDenial, time, store } = await instanceWorld();
    const old = launched(startSeconds);
    expect(await attest(old())).toBe(200);
    time.seconds += limits.instanceIdentityAgeSeconds + 1;
    expect([...store.replayEntries.values()].find(({ owner }) => owner)?.expiresAtSeconds).toBeGreaterThan(
      time.seconds,
    );
    for (const key of [undefined, await testKey()]) expect(await attest(old(), key)).not.toBe(200);
    expect(takeDenial().aggregated?.code).toBe("evidence_expired");
    expect(await attest(launched(time.seconds)(), await testKey())).toBe(200);
  });
});
