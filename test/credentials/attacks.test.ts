import { describe, expect, it } from "vitest";
import { offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { tokenUrl } from "../kit/world/tokens.ts";
import { files, lastDenial, lastRecord, openSession, planner, researcher, setUp, vend, world } from "./ground.ts";

setUp();

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

describe("a session token in other hands", () => {
  it("gives another agent nothing, and rings by its owner's name", async () => {
    const session = await openSession(planner);
    const { status } = await vend(researcher, session);
    expect([status, lastDenial(), world.roleSts.calls]).toEqual([400, "subject_token_not_yours", []]);
    // (a stolen token is counted with its owner, since a thief decides how often)
    expect(JSON.stringify(world.aggregated)).toContain(planner.id);
  });

  it("gives another process of its own agent nothing: the key is another", async () => {
    const session = await openSession(planner);
    const twin = await world.newAgent("planner");
    expect((await vend(twin, session)).status).toBe(400);
    expect([lastDenial(), world.roleSts.calls]).toEqual(["dpop_key_mismatch", []]);
  });

  it("gives nothing without the key: neither by no proof nor by another's", async () => {
    const session = await openSession(planner);
    const foreign = dpopProof(researcher.key, { url: tokenUrl, atSeconds: world.time.seconds });
    expect((await vend(planner, session, {}, { proof: foreign })).body.error).toBe("invalid_dpop_proof");
    expect((await vend(planner, session, { client_assertion: undefined })).status).toBe(401);
    expect(world.roleSts.calls).toEqual([]);
  });
});

describe("a request that comes twice", () => {
  it("releases once: the second is refused by its proof, with all that AWS gave for it thrown away", async () => {
    const session = await openSession(planner);
    const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const answers = await Promise.all([vend(planner, session, {}, { proof }), vend(planner, session, {}, { proof })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const released = answers.find(({ status }) => status === 200)?.body.AccessKeyId;
    expect([...world.store.vends.values()].map(({ accessKeyId }) => accessKeyId)).toEqual([released]);
    expect(JSON.stringify(world.store.records).match(/aws_access_key_id/g)).toHaveLength(1);
  });
});

describe("threat 10: a dead session", () => {
  const raise = (subject: string, block: boolean) => world.store.raise(subject, block, world.time.seconds);
  it.each<[string, (session: string) => unknown]>([
    ["it was ended", (session) => world.send("revoke", planner, { token: session })],
    ["its agent was cut", () => raise(`agent:${planner.id}`, false)],
    ["its agent was blocked", () => raise(`agent:${planner.id}`, true)],
    ["the deployment was cut", () => raise("deployment", false)],
    [
      "it has expired",
      () => {
        world.time.seconds += 901;
      },
    ],
  ])("gets nothing once %s", async (_, kill) => {
    const session = await openSession(planner);
    await kill(session);
    expect((await vend(planner, session)).status).toBeGreaterThanOrEqual(400);
    expect([world.roleSts.calls, world.store.vends.size]).toEqual([[], 0]);
  });

  it("gets nothing once its principal, or the server of its resource, is blocked", async () => {
    const session = await openSession(planner);
    world.store.raise(`principal:${claimsOf(session).sub}`, true, world.time.seconds);
    expect((await vend(planner, session)).status).toBe(400);
    const own = await openSession(researcher);
    world.store.raise("agent:spiffe://agents.example.com/agent/customer-api", true, world.time.seconds);
    expect((await vend(researcher, own)).status).toBe(400);
    expect(lastDenial()).toBe("server_dead");
    expect(world.roleSts.calls).toEqual([]);
  });

  it("threat 6: gets nothing though AWS answered, when it is revoked while AWS is asked", async () => {
    const session = await openSession(planner);
    world.roleSts.before = ({ name }) => {
      if (name === "GetScopedCredentials") world.store.raise(`agent:${planner.id}`, false, world.time.seconds);
    };
    const { status, body } = await vend(planner, session);
    expect([status, body.error, lastDenial()]).toEqual([400, "invalid_request", "died_in_flight"]);
    expect(JSON.stringify(body)).not.toContain("ASIA");
    // whoever stops it in AWS finds what was made
    expect(world.store.vends.size).toBe(1);
  });

  it("threat 6: is looked at again only after what was stored can be found", async () => {
    const session = await openSession(planner);
    world.store.calls.length = 0;
    await vend(planner, session);
    expect(world.store.calls.filter((call) => ["readLiveness", "commit"].includes(call))).toEqual([
      ...["readLiveness", "commit", "readLiveness"],
    ]);
  });

  it("threat 44: gets nothing while the second look cannot be had, and is not ended by it", async () => {
    const session = await openSession(planner);
    world.roleSts.before = () => {
      world.store.unreadable = true;
    };
    const { status } = await vend(planner, session);
    expect([status, lastDenial()]).toEqual([503, "liveness_unavailable"]);
    world.roleSts.before = undefined;
    world.store.unreadable = false;
    expect((await vend(planner, session)).status).toBe(200);
  });

  it("gets nothing when it comes to its end while AWS is asked", async () => {
    const session = await openSession(planner);
    world.time.seconds += 880;
    world.roleSts.before = () => {
      world.time.seconds += 20;
    };
    expect((await vend(planner, session)).status).toBe(400);
    expect(lastDenial()).toBe("session_ending");
  });
});

describe("a child session", () => {
  it("is its own at AWS: its depth, its root and its agent, and never more than its parent", async () => {
    const parent = await openSession(planner);
    const offered = { audience: researcher.id, requested_token_type: offerTokenType, resource: files };
    const offer = await world.exchange(planner, parent, sessionTokenType, { ...offered, scope: "files:read" });
    const redeemed = await world.exchange(researcher, offer.body.access_token, offerTokenType, {
      requested_token_type: sessionTokenType,
    });
    const child = redeemed.body.access_token;
    const { sid, root } = claimsOf(child);
    expect((await vend(researcher, child, { scope: "files:write" })).body.error).toBe("invalid_scope");
    const { body } = await vend(researcher, child);
    expect(body.session).toEqual({ sid, root, agent: researcher.id, principal: claimsOf(parent).sub });
    expect(root).toBe(claimsOf(parent).sid);
    expect(world.roleSts.calls[0]).toMatchObject({ order: { sourceIdentity: `lyd.${root}.${sid}` } });
    expect(world.roleSts.calls[1]).toMatchObject({ order: { description: expect.stringContaining("depth=1") } });
  });
});

describe("a secret", () => {
  it("stands nowhere but in the answer: not in records, rows, refusals or what was counted", async () => {
    const session = await openSession(planner);
    const { body } = await vend(planner, session);
    world.roleSts.failures.set("GetScopedCredentials", { why: "unavailable", error: "Throttling" });
    const failed = await vend(planner, session);
    const kept = JSON.stringify([
      [...world.store.vends],
      [...world.store.sessions],
      [...world.store.replayEntries],
      world.store.records,
      world.aggregated,
      failed,
    ]);
    expect(kept).toContain(body.AccessKeyId);
    expect(kept).not.toMatch(/secret\/of|token\+of/);
    expect(lastRecord().operation).toBe("credentials.vend");
  });
});
