import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { agent, agentId, tickets } from "../../kit/registry.ts";
import { dpopProof, testKey } from "../../kit/wire/key.ts";
import { attests, attestUrl } from "../../kit/world/attests.ts";
import { issuer, startSeconds } from "../../kit/world/ground.ts";
import { createWorld } from "../../kit/world/world.ts";
import { refused, setUp, withPlanner, world } from "./ground.ts";

setUp();

const partner = "spiffe://partner.example/service/intake";

describe("attestation", () => {
  it("answers an identity token for our issuer, five minutes, key-bound, and records it", async () => {
    const { status, body } = await world.attest();
    expect(status).toBe(200);
    expect(body).toMatchObject({ agent: agentId("planner"), assurance: "fresh", expires_in: 300 });
    const verified = await world.verify(body.identity_token);
    expect(verified).toMatchObject({
      ok: true,
      value: {
        sub: agentId("planner"),
        jkt: world.key.jkt,
        epochs: { deployment: 0, [`agent:${agentId("planner")}`]: 0 },
        expiresAtSeconds: startSeconds + 300,
      },
    });
    const token = String(body.identity_token);
    expect(Object.keys(decodeProtectedHeader(token)).sort()).toEqual(["alg", "kid", "typ"]);
    expect(decodeJwt(token).aud).toBe(issuer);
    expect(world.store.records).toHaveLength(1);
    const record = JSON.parse(world.store.records[0]?.body ?? "");
    expect(record.unmapped.lanyard).toMatchObject({
      operation: "attest",
      outcome: "allowed",
      agent: agentId("planner"),
      // by which CloudTrail's line of the document's making is found
      evidence_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(world.store.records[0]?.body).not.toContain(token.split(".")[2]);
    expect(world.store.calls).toEqual(["readLiveness", "commit", "readLiveness"]);
  });

  it("gives each challenge a minute and says so", async () => {
    const { status, body } = await world.sendAttest(world.attestCall("/challenge", ""));
    expect(status).toBe(200);
    expect(body.expires_in).toBe(60);
    expect(Object.keys(body)).toEqual(["attestation_challenge", "expires_in"]);
  });

  it("proves function ARN and tags where the registration wants them", async () => {
    const { sts } = world;
    const selector = (tags: Record<string, string>) =>
      createWorld(
        [
          agent("planner", {
            selectors: [{ type: "aws-sts-web-identity", exact: { functionArn: sts.functionArn }, tags }],
          }),
        ],
        attests(),
      );
    expect((await (await selector({ stage: "prod-*" })).attest()).status).toBe(200);
    const other = await selector({ stage: "test-*" });
    expect(await refused(other, await other.attest(), false)).toBe("selector_mismatch");
  });
});

describe("threat 4: the audience of an identity token", () => {
  it("may be another only when the registration lists it, and is then no client assertion", async () => {
    const w = await withPlanner({ audiences: [partner] });
    const { status, body } = await w.attest({}, { audience: partner });
    expect(status).toBe(200);
    expect(decodeJwt(String(body.identity_token)).aud).toBe(partner);
    expect((await w.verify(body.identity_token)).ok).toBe(false);
  });

  it("may be our issuer by name", async () => {
    expect((await world.attest({}, { audience: issuer })).status).toBe(200);
  });

  it.each([partner, tickets, "sts.amazonaws.com", "https://other.example", `${issuer}/`])(
    "is refused when it is not registered: %s",
    async (audience) => {
      expect(await refused(world, await world.attest({}, { audience }), true)).toBe("audience_not_registered");
    },
  );

  it.each([
    tickets,
    "sts.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "STS.AMAZONAWS.COM",
    "https://other.example",
    "HTTPS://other.example",
    `${issuer}/`,
    `${partner},sts.amazonaws.com`,
    `${partner} x`,
  ])("is refused even when somebody registered it: %s", async (audience) => {
    const w = await withPlanner({ audiences: [audience] });
    expect(await refused(w, await w.attest({}, { audience }), true)).toBe("audience_not_registered");
    expect(w.signers.identity.signatures).toBe(0);
  });

  it("is never several", async () => {
    const w = await withPlanner({ audiences: [partner] });
    expect(await refused(w, await w.attest({}, { audience: [partner] }), false)).toBe("parameter_invalid");
  });
});

describe("replay", () => {
  it("of the whole request is refused, and pays for no signature", async () => {
    const sent = world.attestCall("/", await world.request());
    expect((await world.sendAttest(sent)).status).toBe(200);
    const again = await world.sendAttest(sent);
    expect(["dpop_replayed", "challenge_invalid", "evidence_replayed"]).toContain(await refused(world, again, true));
    expect(world.signers.identity.signatures).toBe(1);
  });

  it("of challenge and evidence with a new proof is refused", async () => {
    const body = await world.request();
    expect((await world.sendAttest(world.attestCall("/", body))).status).toBe(200);
    const again = await world.sendAttest(world.attestCall("/", body));
    expect(again).toMatchObject({ status: 400, body: { error: "use_attestation_challenge" } });
    expect(await refused(world, again, true)).toBe("challenge_invalid");
  });

  it("of a proof or a document alone is refused", async () => {
    const first = world.attestCall("/", await world.request({ claims: { jti: "one" } }));
    expect((await world.sendAttest(first)).status).toBe(200);
    const secondProof = await world.sendAttest(world.attestCall("/", await world.request(), { dpop: first.dpop }));
    expect(await refused(world, secondProof, true)).toBe("dpop_replayed");
    const sameJti = await world.sendAttest(world.attestCall("/", await world.request({ claims: { jti: "one" } })));
    expect(await refused(world, sameJti, true)).toBe("evidence_replayed");
  });

  it("of a hundred at once lets exactly one through", async () => {
    const body = await world.request();
    const answers = await Promise.all(Array.from({ length: 100 }, () => world.sendAttest(world.attestCall("/", body))));
    expect(answers.filter((a) => a.status === 200)).toHaveLength(1);
    expect(world.signers.identity.signatures).toBe(1);
  });

  it("of a failed attempt is none: a refusal before the transaction consumes nothing", async () => {
    const body = await world.request();
    const wrong = await world.sendAttest(world.attestCall("/", { ...body, audience: partner }));
    expect(wrong.status).toBe(400);
    expect((await world.sendAttest(world.attestCall("/", body))).status).toBe(200);
  });
});

describe("threat 9: the caller's key", () => {
  it("must be proved: evidence, challenge and thumbprint alone are nothing", async () => {
    const body = await world.request();
    expect(await refused(world, await world.sendAttest(world.attestCall("/", body, { dpop: [] })), false)).toBe(
      "dpop_missing",
    );
    const thief = await testKey();
    const dpop = [dpopProof(thief, { url: attestUrl, atSeconds: startSeconds })];
    expect(await refused(world, await world.sendAttest(world.attestCall("/", body, { dpop })), false)).toBe(
      "evidence_unbound",
    );
  });

  it("must be proved for this endpoint and time", async () => {
    const body = await world.request();
    const elsewhere = [
      dpopProof(world.key, { url: "https://other.lambda-url.eu-west-1.on.aws/", atSeconds: startSeconds }),
    ];
    const old = [dpopProof(world.key, { url: attestUrl, atSeconds: startSeconds - 3600 })];
    for (const dpop of [elsewhere, old])
      expect(await refused(world, await world.sendAttest(world.attestCall("/", body, { dpop })), false)).toBe(
        "dpop_invalid",
      );
  });
});
