import { describe, expect, it } from "vitest";
import { createAttestEndpoint } from "../../core/attest/attest.ts";
import { oidc } from "../../core/attest/oidc.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { attestIssuer, attestStart, attestUrl, createAttestWorld } from "../fakes/attest-world.ts";
import { dpopProof, testKey } from "../fakes/keys.ts";
import { agent, agentId } from "../fakes/registry.ts";

const ci = "https://ci.example.com";
const selectors = [{ type: "oidc", exact: { issuer: ci, subject: "job:build" } }];

async function world(minimumAssurance: "document" | "fresh" = "document") {
  const made = await createAttestWorld(agent("builder", { selectors, minimumAssurance }), {
    kind: "trusted-issuer",
    name: "ci",
    purpose: "workload",
    issuer: ci,
    algorithms: ["ES256"],
  });
  const issuerKey = await testKey();
  made.web.issuer(ci, [{ ...issuerKey.jwk, kid: "k", alg: "ES256", use: "sig" }]);
  const keySets = createKeySets({ fetcher: made.web, clock: made.clock, ownIssuer: attestIssuer });
  const endpoint = createAttestEndpoint({ ...made.deps, attestors: [oidc({ keySets })] });
  const token = issuerKey.jws(
    { alg: "ES256", kid: "k" },
    { iss: ci, sub: "job:build", aud: attestIssuer, iat: attestStart, exp: attestStart + 300 },
  );
  const attest = async (key = made.key) => {
    const challenge = await made.challenge();
    const body = { agent: agentId("builder"), evidence: { type: "oidc", token }, challenge };
    const reply = await endpoint(made.call("/", body, { dpop: [dpopProof(key, attestUrl, made.time.seconds)] }));
    return reply.status;
  };
  return { ...made, attest };
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

  it("is refused where the registration asks for more, as it does unless it says otherwise", async () => {
    const { attest, takeDenial } = await world("fresh");
    expect(await attest()).not.toBe(200);
    expect(JSON.stringify(takeDenial())).toContain("assurance_too_low");
  });
});
