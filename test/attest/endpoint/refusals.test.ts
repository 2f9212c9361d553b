import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import type { StsChanges } from "../../kit/evidence/sts.ts";
import { agent, agentId, registry } from "../../kit/registry.ts";
import { type Attests, attests } from "../../kit/world/attests.ts";
import { startSeconds } from "../../kit/world/ground.ts";

import { createWorld, type World } from "../../kit/world/world.ts";
import { planner, refused, setUp, withPlanner, world } from "./ground.ts";

setUp();

describe("threat 15: the named agent", () => {
  it("is the only one looked at, though the evidence fits another", async () => {
    const w = await createWorld([agent("looser", { selectors: [] })], attests());
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
  it.each<[string, StsChanges, (w: World<Attests>) => Promise<object>]>([
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
      { claims: { iat: startSeconds - 900, exp: startSeconds - 600 } },
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
    const other = await createWorld([], attests());
    const foreign = await other.challenge();
    for (const challenge of [foreign, "garbage", ""])
      expect(await refused(world, await world.sendAttest(world.attestCall("/", { ...body, challenge })), false)).toBe(
        "challenge_invalid",
      );
    world.time.seconds += limits.challengeLifeSeconds + 1;
    const late = await world.sendAttest(world.attestCall("/", body));
    expect(late.body.error).toBe("use_attestation_challenge");
    expect(world.web.asked).toEqual([]);
  });

  it("of somebody else's request cannot be paired with one's own evidence", async () => {
    const [mine, theirs] = [await world.request(), await world.request()];
    const answer = await world.sendAttest(world.attestCall("/", { ...mine, challenge: theirs.challenge }));
    expect(await refused(world, answer, false)).toBe("evidence_unbound");
  });
});

describe("threat 1: what was revoked", () => {
  it.each(["agent", "deployment"] as const)("does not attest again while its %s is blocked", async (kind) => {
    const subject = kind === "agent" ? `agent:${agentId("planner")}` : "deployment";
    world.store.raise(subject, true, startSeconds);
    expect(await refused(world, await world.attest(), true)).toBe("blocked");
    expect(world.signers.identity.signatures).toBe(0);
  });

  it("attests under the new epoch after a cut without block", async () => {
    world.store.raise(`agent:${agentId("planner")}`, false, startSeconds);
    const { body } = await world.attest();
    const verified = await world.verify(body.identity_token);
    expect(verified.ok && verified.value.epochs[`agent:${agentId("planner")}`]).toBe(1);
  });

  it.each([
    ["cut", `agent:${agentId("planner")}`, false],
    ["blocked", `agent:${agentId("planner")}`, true],
    ["cut with everything", "deployment", false],
  ])("gets no token when it is %s while the token is signed", async (_name, subject, block) => {
    world.store.beforeLiveness = (nth) => {
      if (nth === 2) world.store.raise(subject, block, startSeconds);
    };
    expect(await refused(world, await world.attest(), true)).toBe("died_in_flight");
  });

  it("threat 44: gets no token and is told to ask again when liveness cannot be read, before or after", async () => {
    world.store.unreadable = true;
    const before = await world.attest();
    expect(before.status).toBe(503);
    expect(world.signers.identity.signatures).toBe(0);
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
    await expect(world.sendAttest(world.attestCall("/", body))).rejects.toThrow();
    expect(world.signers.identity.signatures).toBe(0);
  });
});

describe("threat 22: the registry", () => {
  const version2 = (w: World<Attests>, state: "active" | "suspended") => {
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
    const w = await createWorld([agent("planner", { state: "draft" })], attests());
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
  const statuses = async (w: World<Attests>, ...calls: Parameters<Attests["attestCall"]>) =>
    (await w.sendAttest(w.attestCall(...calls))).status;

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
    expect(await refused(world, await world.sendAttest(world.attestCall("/", body)), false)).toBe(
      "evidence_unsupported",
    );
  });

  it("threat 13: fills the aggregate, never the outbox", async () => {
    for (let i = 0; i < 20; i++) await world.sendAttest(world.attestCall("/", `{"agent":"x${i}"`));
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
    expect((await world.sendAttest(world.attestCall("/", body))).status).toBe(400);
  });
});
