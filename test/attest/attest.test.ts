import { fc, test } from "@fast-check/vitest";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { attestIssuer, attestStart, attestUrl, createAttestWorld } from "../kit/attest-world.ts";
import type { StsChanges } from "../kit/evidence/sts.ts";
import { agent, agentId, registry, tickets } from "../kit/registry.ts";
import { dpopProof, testKey } from "../kit/wire/key.ts";

type World = Awaited<ReturnType<typeof createAttestWorld>>;
const partner = "spiffe://partner.example/service/intake";
let world: World;
beforeEach(async () => {
  world = await createAttestWorld();
});
const planner = (role: string, more: object = {}) =>
  agent("planner", { selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: role } }], ...more });
const withPlanner = async (more: object) => createAttestWorld(planner(world.sts.roleArn, more));

/** Expects a refusal that issued nothing, and tells its code as recorded. */
async function refused(w: World, answer: { status: number; body: Record<string, unknown> }, authenticated: boolean) {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body.identity_token).toBeUndefined();
  expect(Object.keys(answer.body)).toEqual(["error", "error_description"]);
  const { aggregated, own } = w.takeDenial();
  expect(own !== undefined, JSON.stringify({ aggregated, own })).toBe(authenticated);
  return authenticated ? own.denial.code : aggregated?.code;
}

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
        generations: { deployment: 0, [`agent:${agentId("planner")}`]: 0 },
        expiresAtSeconds: attestStart + 300,
      },
    });
    const token = String(body.identity_token);
    expect(Object.keys(decodeProtectedHeader(token)).sort()).toEqual(["alg", "kid", "typ"]);
    expect(decodeJwt(token).aud).toBe(attestIssuer);
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
    const { status, body } = await world.send(world.call("/challenge", ""));
    expect(status).toBe(200);
    expect(body.expires_in).toBe(60);
    expect(Object.keys(body)).toEqual(["attestation_challenge", "expires_in"]);
  });

  it("proves function ARN and tags where the registration wants them", async () => {
    const { sts } = world;
    const selector = (tags: Record<string, string>) =>
      createAttestWorld(
        agent("planner", {
          selectors: [{ type: "aws-sts-web-identity", exact: { functionArn: sts.functionArn }, tags }],
        }),
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
    expect((await world.attest({}, { audience: attestIssuer })).status).toBe(200);
  });

  it.each([partner, tickets, "sts.amazonaws.com", "https://other.example", `${attestIssuer}/`])(
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
    `${attestIssuer}/`,
    `${partner},sts.amazonaws.com`,
    `${partner} x`,
  ])("is refused even when somebody registered it: %s", async (audience) => {
    const w = await withPlanner({ audiences: [audience] });
    expect(await refused(w, await w.attest({}, { audience }), true)).toBe("audience_not_registered");
    expect(w.signer.signatures).toBe(0);
  });

  it("is never several", async () => {
    const w = await withPlanner({ audiences: [partner] });
    expect(await refused(w, await w.attest({}, { audience: [partner] }), false)).toBe("parameter_invalid");
  });
});

describe("replay", () => {
  it("of the whole request is refused, and pays for no signature", async () => {
    const sent = world.call("/", await world.request());
    expect((await world.send(sent)).status).toBe(200);
    const again = await world.send(sent);
    expect(["dpop_replayed", "challenge_invalid", "evidence_replayed"]).toContain(await refused(world, again, true));
    expect(world.signer.signatures).toBe(1);
  });

  it("of challenge and evidence with a new proof is refused", async () => {
    const body = await world.request();
    expect((await world.send(world.call("/", body))).status).toBe(200);
    const again = await world.send(world.call("/", body));
    expect(again).toMatchObject({ status: 400, body: { error: "use_attestation_challenge" } });
    expect(await refused(world, again, true)).toBe("challenge_invalid");
  });

  it("of a proof or a document alone is refused", async () => {
    const first = world.call("/", await world.request({ claims: { jti: "one" } }));
    expect((await world.send(first)).status).toBe(200);
    const secondProof = await world.send(world.call("/", await world.request(), { dpop: first.dpop }));
    expect(await refused(world, secondProof, true)).toBe("dpop_replayed");
    const sameJti = await world.send(world.call("/", await world.request({ claims: { jti: "one" } })));
    expect(await refused(world, sameJti, true)).toBe("evidence_replayed");
  });

  it("of a hundred at once lets exactly one through", async () => {
    const body = await world.request();
    const answers = await Promise.all(Array.from({ length: 100 }, () => world.send(world.call("/", body))));
    expect(answers.filter((a) => a.status === 200)).toHaveLength(1);
    expect(world.signer.signatures).toBe(1);
  });

  it("of a failed attempt is none: a refusal before the transaction burns nothing", async () => {
    const body = await world.request();
    const wrong = await world.send(world.call("/", { ...body, audience: partner }));
    expect(wrong.status).toBe(400);
    expect((await world.send(world.call("/", body))).status).toBe(200);
  });
});

describe("threat 9: the caller's key", () => {
  it("must be proved: evidence, challenge and thumbprint alone are nothing", async () => {
    const body = await world.request();
    expect(await refused(world, await world.send(world.call("/", body, { dpop: [] })), false)).toBe("dpop_missing");
    const thief = await testKey();
    const dpop = [dpopProof(thief, { url: attestUrl, atSeconds: attestStart })];
    expect(await refused(world, await world.send(world.call("/", body, { dpop })), false)).toBe("evidence_unbound");
  });

  it("must be proved for this endpoint and time", async () => {
    const body = await world.request();
    const elsewhere = [
      dpopProof(world.key, { url: "https://other.lambda-url.eu-west-1.on.aws/", atSeconds: attestStart }),
    ];
    const old = [dpopProof(world.key, { url: attestUrl, atSeconds: attestStart - 3600 })];
    for (const dpop of [elsewhere, old])
      expect(await refused(world, await world.send(world.call("/", body, { dpop })), false)).toBe("dpop_invalid");
  });
});

describe("threat 15: the named agent", () => {
  it("is the only one looked at, though the evidence fits another", async () => {
    const w = await createAttestWorld(agent("looser", { selectors: [] }));
    expect(await refused(w, await w.attest({}, { agent: agentId("looser") }), false)).toBe("selector_mismatch");
  });

  it.each(["spiffe://other.example/agent/planner", agentId("nobody"), "planner", "", "__proto__"])(
    "must be registered here: %j",
    async (name) => {
      const answer = await world.attest({}, { agent: name });
      expect(await refused(world, answer, false)).toBe("agent_unknown");
    },
  );

  it("threat 41: unknown or of another role is refused with one face, so that nobody can list agents", async () => {
    const unknown = await world.attest({}, { agent: agentId("nobody") });
    const other = await world.attest({}, { agent: agentId("researcher") });
    expect(unknown).toEqual(other);
  });

  const junk = { type: "none" };
  const token = "aws-sts-web-identity";
  it.each<[string, StsChanges, (w: World) => Promise<object>]>([
    ["without a challenge of ours", {}, async () => ({ challenge: "x", evidence: junk })],
    [
      "with a challenge from somewhere else",
      {},
      async (w) => ({ challenge: `${(await w.challenge()).slice(0, -1)}!` }),
    ],
    ["with evidence of no known type", {}, async () => ({ evidence: junk })],
    ["with evidence of no shape", {}, async () => ({ evidence: { type: token } })],
    ["with evidence that is none", {}, async () => ({ evidence: { type: token, token: "a.b.c" } })],
    [
      "with a genuine document of another workload",
      { sts: { principal_id: "arn:aws:iam::1:role/x" } },
      async () => ({}),
    ],
    [
      "with a document that has expired",
      { claims: { iat: attestStart - 900, exp: attestStart - 600 } },
      async () => ({}),
    ],
    ["with a document that nobody signed", { header: { kid: "EC384_9" } }, async () => ({})],
  ])("threat 41: known and unknown names get one answer %s", async (_, changes, sent) => {
    const ask = async (name: string) => world.attest(changes, { agent: agentId(name), ...(await sent(world)) });
    const [unknown, known] = [await ask("nobody"), await ask("planner")];
    expect(unknown).toEqual(known);
    expect(unknown.status).toBeGreaterThanOrEqual(400);
  });

  it.each(["draft", "suspended", "retired"] as const)(
    "is refused while %s, and only its own evidence learns so",
    async (state) => {
      const w = await withPlanner({ state });
      expect(await refused(w, await w.attest(), true)).toBe("agent_inactive");
      const stranger = await w.attest({ sts: { request_tags: {} } });
      expect(await refused(w, stranger, false)).toBe("evidence_unbound");
    },
  );

  it("is refused below its minimum assurance", async () => {
    const w = await withPlanner({ minimumAssurance: "measured" });
    expect(await refused(w, await w.attest(), true)).toBe("assurance_too_low");
  });

  it("is refused by another role of the same account", async () => {
    const role = `arn:aws:iam::${world.sts.account}:role/Other`;
    const answer = await world.attest({ claims: { sub: role }, sts: { principal_id: role } });
    expect(await refused(world, answer, false)).toBe("selector_mismatch");
  });
});

describe("a challenge", () => {
  it("that is old, foreign or garbage is refused before the evidence is looked at", async () => {
    const body = await world.request();
    const other = await createAttestWorld();
    const foreign = await other.challenge();
    for (const challenge of [foreign, "garbage", ""])
      expect(await refused(world, await world.send(world.call("/", { ...body, challenge })), false)).toBe(
        "challenge_invalid",
      );
    world.time.seconds += limits.challengeLifeSeconds + 1;
    const late = await world.send(world.call("/", body));
    expect(late.body.error).toBe("use_attestation_challenge");
    expect(world.web.asked).toEqual([]);
  });

  it("of somebody else's request cannot be paired with one's own evidence", async () => {
    const [mine, theirs] = [await world.request(), await world.request()];
    const answer = await world.send(world.call("/", { ...mine, challenge: theirs.challenge }));
    expect(await refused(world, answer, false)).toBe("evidence_unbound");
  });
});

describe("threat 1: what was revoked", () => {
  it.each(["agent", "deployment"] as const)("does not attest again while its %s is blocked", async (kind) => {
    const subject = kind === "agent" ? `agent:${agentId("planner")}` : "deployment";
    world.store.raise(subject, true, attestStart);
    expect(await refused(world, await world.attest(), true)).toBe("blocked");
    expect(world.signer.signatures).toBe(0);
  });

  it("attests under the new generation after a cut without block", async () => {
    world.store.raise(`agent:${agentId("planner")}`, false, attestStart);
    const { body } = await world.attest();
    const verified = await world.verify(body.identity_token);
    expect(verified.ok && verified.value.generations[`agent:${agentId("planner")}`]).toBe(1);
  });

  it.each([
    ["cut", `agent:${agentId("planner")}`, false],
    ["blocked", `agent:${agentId("planner")}`, true],
    ["cut with everything", "deployment", false],
  ])("gets no token when it is %s while the token is signed", async (_name, subject, block) => {
    world.store.beforeLiveness = (nth) => {
      if (nth === 2) world.store.raise(subject, block, attestStart);
    };
    expect(await refused(world, await world.attest(), true)).toBe("died_in_flight");
  });

  it("threat 44: gets no token and is told to ask again when liveness cannot be read, before or after", async () => {
    world.store.unreadable = true;
    const before = await world.attest();
    expect(before.status).toBe(503);
    expect(world.signer.signatures).toBe(0);
    world.store.unreadable = false;
    world.store.beforeLiveness = () => {
      world.store.unreadable = world.store.calls.includes("commit");
    };
    const after = await world.attest();
    expect([after.status, JSON.stringify(after.body).includes("eyJ")]).toEqual([503, false]);
    world.store.beforeLiveness = undefined;
    world.store.unreadable = false;
    expect((await world.attest()).status).toBe(200);
  });

  it("gets no token when the record cannot be written", async () => {
    const body = await world.request();
    world.store.broken = true;
    await expect(world.send(world.call("/", body))).rejects.toThrow();
    expect(world.signer.signatures).toBe(0);
  });
});

describe("threat 22: the registry", () => {
  const version2 = (w: World, state: "active" | "suspended") => {
    const account = w.versions.get(1)?.trustedIssuer(w.sts.issuer, "aws-sts");
    if (!account) throw new Error("no account");
    w.versions.set(2, registry(2, account, planner(w.sts.roleArn, { state })));
    if (w.store.deployment) w.store.deployment = { ...w.store.deployment, registryVersion: 2 };
  };

  it("that suspended the agent a moment ago is obeyed at the very next request", async () => {
    expect((await world.attest()).status).toBe(200);
    version2(world, "suspended");
    expect(await refused(world, await world.attest(), true)).toBe("agent_inactive");
  });

  it("that added the agent a moment ago is obeyed at the very next request", async () => {
    const w = await createAttestWorld(agent("planner", { state: "draft" }));
    version2(w, "active");
    expect((await w.attest()).status).toBe(200);
    expect(w.held.version).toBe(2);
  });

  it("that changes again and again within one request ends it", async () => {
    version2(world, "active");
    world.store.beforeLiveness = (nth) => {
      if (nth === 2 && world.store.deployment)
        world.store.deployment = { ...world.store.deployment, registryVersion: 1 };
    };
    expect((await world.attest()).status).toBe(503);
  });

  it("that was never applied, or lost its deployment row, refuses everything", async () => {
    world.store.deployment = undefined;
    expect((await world.attest()).status).toBe(503);
    world.versions.clear();
    expect((await world.attest()).status).toBe(503);
  });
});

describe("bad input", () => {
  const statuses = async (w: World, ...calls: Parameters<World["call"]>) => (await w.send(w.call(...calls))).status;

  it("of path, method or content type is named", async () => {
    const body = await world.request();
    expect(await statuses(world, "/other", body)).toBe(404);
    expect(await statuses(world, "/", body, { method: "GET" })).toBe(405);
    expect(await statuses(world, "/challenge", body, { method: "GET" })).toBe(405);
    expect(await statuses(world, "/", body, { contentType: "application/x-www-form-urlencoded" })).toBe(415);
    expect(await statuses(world, "/", body, { contentType: undefined })).toBe(415);
    expect(await statuses(world, "/", body, { contentType: "Application/JSON; charset=utf-8" })).toBe(200);
  });

  it.each<[string, number, string]>([
    ["an oversized body", 413, JSON.stringify({ agent: "x".repeat(limits.requestBodyBytes) })],
    ["no JSON", 400, "agent=x"],
    ["an empty body", 400, ""],
    ["an array", 400, "[]"],
    ["null", 400, "null"],
    ["a repeated member", 400, '{"agent":"a","agent":"b","evidence":{"type":"x"},"challenge":"c"}'],
    ["deep nesting", 400, `{"agent":${"[".repeat(50)}${"]".repeat(50)}}`],
    ["an unknown member", 400, '{"agent":"a","evidence":{"type":"x"},"challenge":"c","admin":true}'],
    ["no agent", 400, '{"evidence":{"type":"x"},"challenge":"c"}'],
    ["no evidence", 400, '{"agent":"a","challenge":"c"}'],
    ["no challenge", 400, '{"agent":"a","evidence":{"type":"x"}}'],
    ["an agent that is a list", 400, '{"agent":["a"],"evidence":{"type":"x"},"challenge":"c"}'],
    ["evidence that is text", 400, '{"agent":"a","evidence":"x","challenge":"c"}'],
    ["evidence without type", 400, '{"agent":"a","evidence":{},"challenge":"c"}'],
  ])("of %s is refused", async (_name, status, body) => {
    expect(await statuses(world, "/", body)).toBe(status);
    expect(world.store.calls).toEqual([]);
  });

  it("of an unknown kind of evidence is refused", async () => {
    const body = { ...(await world.request()), evidence: { type: "my-word" } };
    expect(await refused(world, await world.send(world.call("/", body)), false)).toBe("evidence_unsupported");
  });

  it("threat 13: fills the aggregate, never the outbox", async () => {
    for (let i = 0; i < 20; i++) await world.send(world.call("/", `{"agent":"x${i}"`));
    expect(world.aggregated).toHaveLength(20);
    expect(world.store.records).toEqual([]);
  });

  it("of an issuer whose keys cannot be fetched is refused, to be tried again", async () => {
    world.web.failure = "timeout";
    const answer = await world.attest();
    expect(answer.status).toBe(503);
    expect(answer.headers?.["Retry-After"]).toBe("1");
    expect(await refused(world, answer, false)).toBe("keys_unavailable");
  });

  test.prop([fc.json()], { numRuns: 50 })("of any JSON is refused, never thrown at", async (body) => {
    expect((await world.send(world.call("/", body))).status).toBe(400);
  });
});
