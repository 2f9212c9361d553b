import { beforeEach, describe, expect, it } from "vitest";
import { oidc } from "../../core/attest/methods/oidc/attestor.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { limits } from "../../core/model/limits.ts";
import { agent, agentId, registry } from "../kit/registry.ts";
import { dpopProof, testKey } from "../kit/wire/key.ts";
import { type Attests, attests, attestUrl } from "../kit/world/attests.ts";
import { issuer, startSeconds } from "../kit/world/ground.ts";
import { createWorld, type World } from "../kit/world/world.ts";

let world: World<Attests>;
const slow = async (issuancesPerSecond: number) => {
  const { roleArn } = (await createWorld([], attests())).sts;
  const selectors = [{ type: "aws-sts-web-identity", exact: { roleArn } }];
  return createWorld([agent("planner", { selectors, issuancesPerSecond })], attests());
};
beforeEach(async () => {
  world = await slow(2);
});
const liveness = (w: World<Attests>) => w.store.calls.filter((call) => call === "readLiveness").length;
const ci = "https://ci.example.com";

/** An agent whose evidence names no key: whoever holds the token can show it. */
async function bearer() {
  const exact = { issuer: ci, subject: "job:build" };
  const made = await createWorld(
    [
      agent("builder", { selectors: [{ type: "oidc", exact }], issuancesPerSecond: 3 }),
      { kind: "trusted-issuer", name: "ci", purpose: "workload", issuer: ci, algorithms: ["ES256"] },
    ],
    attests(),
  );
  const issuerKey = await testKey();
  made.web.issuer(ci, [{ ...issuerKey.jwk, kid: "k", alg: "ES256", use: "sig" }]);
  const keySets = createKeySets({ fetcher: made.web, clock: made.clock, ownIssuer: issuer });
  const endpoint = createAttestEndpoint({ ...made.attestDeps, attestors: [oidc({ keySets })] });
  const claims = { iss: ci, sub: "job:build", aud: issuer, iat: startSeconds, exp: startSeconds + 300 };
  const token = issuerKey.jws({ alg: "ES256", kid: "k" }, claims);
  const attest = async (key = made.key) => {
    const challenge = await made.challenge();
    const body = { agent: agentId("builder"), evidence: { type: "oidc", token }, challenge };
    return (
      await endpoint(
        made.attestCall("/", body, { dpop: [dpopProof(key, { url: attestUrl, atSeconds: made.time.seconds })] }),
      )
    ).status;
  };
  return { ...made, attest };
}

describe("threat 13: the bucket of signatures at attest", () => {
  it("is the registration's, is told with a time to come again, and is full again a second later", async () => {
    expect([(await world.attest()).status, (await world.attest()).status]).toEqual([200, 200]);
    const over = await world.attest();
    expect(over).toMatchObject({ status: 429, headers: { "Retry-After": "1" }, body: { error: "slow_down" } });
    expect(over.body.identity_token).toBeUndefined();
    expect(world.takeDenial().aggregated).toEqual({ code: "rate_exceeded", agent: agentId("planner"), perSecond: 2 });
    expect(world.signers.identity.signatures).toBe(2);
    world.time.seconds += 1;
    expect((await world.attest()).status).toBe(200);
  });

  it("is the deployment's where the registration says nothing", async () => {
    const w = await createWorld([], attests());
    const answers = [];
    for (let i = 0; i <= limits.issuancesPerSecond; i++) answers.push((await w.attest()).status);
    expect(answers.filter((status) => status === 200)).toHaveLength(limits.issuancesPerSecond);
    expect(w.signers.identity.signatures).toBe(limits.issuancesPerSecond);
  });

  it("holds for a hundred at the same moment", async () => {
    const bodies = await Promise.all(Array.from({ length: 100 }, () => world.request()));
    const answers = await Promise.all(bodies.map((body) => world.sendAttest(world.attestCall("/", body))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(world.signers.identity.signatures).toBe(2);
  });

  it("is not touched by strangers who know the agent's name", async () => {
    const stranger = await testKey();
    const good = await world.request();
    const attempts = [
      world.attestCall("/", { ...good, evidence: { type: "aws-sts-web-identity", token: "e30.e30.AA" } }),
      world.attestCall("/", { ...good, evidence: { type: "my-word" } }),
      world.attestCall("/", { ...good, challenge: "guessed" }),
      world.attestCall("/", good, { dpop: [] }),
      world.attestCall("/", good, { dpop: [dpopProof(stranger, { url: attestUrl, atSeconds: startSeconds })] }),
      world.attestCall("/", await world.request({ claims: { sub: "arn:aws:iam::123456789012:role/Other" } })),
    ];
    for (const attempt of attempts)
      for (let i = 0; i < 5; i++) expect((await world.sendAttest(attempt)).status).toBeGreaterThanOrEqual(400);
    expect(world.limiter.taken).toEqual([]);
    expect((await world.attest()).status).toBe(200);
  });

  it("is not emptied by repeating a request of the agent's, whole as it was", async () => {
    const sent = world.attestCall("/", await world.request());
    expect((await world.sendAttest(sent)).status).toBe(200);
    for (let i = 0; i < 50; i++) expect((await world.sendAttest(sent)).status).toBe(400);
    expect(world.limiter.taken).toHaveLength(1);
    expect((await world.attest()).status).toBe(200);
  });

  it("threat 16: is not emptied by a thief who shows the agent's own document with a key of his", async () => {
    const w = await bearer();
    expect(await w.attest()).toBe(200);
    const thief = await testKey();
    for (let i = 0; i < 50; i++) expect(await w.attest(thief)).not.toBe(200);
    expect(w.limiter.taken).toHaveLength(1);
    expect([await w.attest(), await w.attest(), await w.attest()]).toEqual([200, 200, 429]);
  });

  it("that cannot be asked gives no token", async () => {
    world.limiter.take = async () => {
      throw new Error("throttled");
    };
    const body = await world.request();
    await expect(world.sendAttest(world.attestCall("/", body))).rejects.toThrow("throttled");
    expect(world.signers.identity.signatures).toBe(0);
  });
});

describe("threat 13: a flood that proves nothing", () => {
  const flood = async (w: World<Attests>, times: number) => {
    const body = await w.request();
    for (let i = 0; i < times; i++) {
      const answer = await w.sendAttest(w.attestCall("/", { ...body, agent: agentId(`made-up-${i}`) }));
      expect(answer).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    }
  };

  it("of made-up names reads the store a bounded number of times, and a registered agent attests meanwhile", async () => {
    await flood(world, 3 * limits.unprovenReadsPerSecond);
    expect(liveness(world)).toBe(limits.unprovenReadsPerSecond);
    expect((await world.attest()).status).toBe(200);
    world.time.seconds += 1;
    await flood(world, 1);
    expect(liveness(world)).toBe(limits.unprovenReadsPerSecond + 3);
  });

  it("delays an agent that was registered meanwhile by a second and no more", async () => {
    const w = await createWorld([agent("planner", { selectors: [] })], attests());
    const account = w.versions.get(1)?.trustedIssuer(w.sts.issuer, "aws-sts");
    if (!account) throw new Error("no account");
    const selectors = [{ type: "aws-sts-web-identity", exact: { roleArn: w.sts.roleArn } }];
    w.versions.set(2, registry(2, account, agent("planner", { selectors })));
    await flood(w, limits.unprovenReadsPerSecond);
    if (w.store.deployment) w.store.deployment = { ...w.store.deployment, registryVersion: 2 };
    expect((await w.attest()).status).toBe(401);
    w.time.seconds += 1;
    expect((await w.attest()).status).toBe(200);
  });

  it("does not hide from a proven agent that it was suspended", async () => {
    const account = world.versions.get(1)?.trustedIssuer(world.sts.issuer, "aws-sts");
    if (!account) throw new Error("no account");
    const selectors = [{ type: "aws-sts-web-identity", exact: { roleArn: world.sts.roleArn } }];
    world.versions.set(2, registry(2, account, agent("planner", { selectors, state: "suspended" })));
    await flood(world, 2 * limits.unprovenReadsPerSecond);
    if (world.store.deployment) world.store.deployment = { ...world.store.deployment, registryVersion: 2 };
    expect((await world.attest()).status).not.toBe(200);
    expect(world.takeDenial().own.denial.code).toBe("agent_inactive");
  });
});
