import { describe, expect, test } from "vitest";
import { randomIds } from "../kit/keys.ts";
import { agent, inBase, replacing, trustDomain } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import {
  ask,
  askAs,
  begin,
  customers,
  decideUrl,
  gateway,
  no,
  pathOf,
  planner,
  question,
  rows,
  session,
  setUp,
  stranger,
  tickets,
  why,
  world,
  yes,
} from "./ground.ts";

setUp();

const end = (target: object) => world.order({ revoke: target, reason: "test" });

describe("threat 41: a session that is nobody's business", () => {
  test("looks like none: the same bytes and status, whatever stands against it", async () => {
    const { sid } = await session();
    const elsewhere = await session({ resource: customers, scope: "customers:read" });
    const dead = await session();
    await end({ session: dead.sid });
    const faces = [
      await ask(question(randomIds.id())),
      await ask(question(sid), pathOf.one, { by: stranger }),
      await ask(question(sid), pathOf.one, { by: planner }),
      await ask(question(dead.sid)),
      await ask(question(elsewhere.sid)),
      await ask(question(sid, { resource: { type: "tool", id: "read_ticket", properties: { server: customers } } })),
      await ask(
        question(sid, { resource: { type: "tool", id: "read_ticket", properties: { server: `${tickets}/` } } }),
      ),
      await ask(question(sid, { subject: { type: "user", id: sid } })),
    ];
    for (const { status, text, headers } of faces) expect([status, text, headers]).toEqual([200, no, undefined]);
  });

  test("costs the same reads and writes, in the same order, whether it does not exist or is another's", async () => {
    const { sid } = await session();
    const habits = async (id: string) => {
      world.store.calls.length = 0;
      await ask(question(id), pathOf.one, { by: stranger });
      return [...world.store.calls];
    };
    const [none, foreign] = [await habits(randomIds.id()), await habits(sid)];
    expect(foreign).toEqual(none);
    expect(none).toContain("readLiveness");
  });

  test("is not told of in the record of who asked: it names the question, and not whose the session is", async () => {
    const { sid, sub } = await session();
    await ask(question(sid), pathOf.one, { by: stranger });
    expect(why()).toBe("session_foreign");
    expect(world.store.records.at(-1)?.body).not.toContain(sub);
  });

  test("threat 42: is answered no to a gateway that fronts it no more, and to one that is suspended or blocked", async () => {
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    world.store.epochs.set(`agent:${gateway.id}`, { epoch: 0, blocked: true });
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "blocked"]);
    world.store.epochs.delete(`agent:${gateway.id}`);
    world.publish(2, ...replacing(rows, [agent("tool-gateway", { state: "suspended" })]));
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "agent_inactive"]);
    world.publish(3, ...rows.filter(({ name }) => name !== "tickets"));
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "session_foreign"]);
  });
});

describe("a session that is over", () => {
  test("is answered no in every way that it can be: revoked, cut, suspended, expired, its person or its deployment cut", async () => {
    const ways: readonly [string, (sid: string, sub: string) => unknown][] = [
      ["session", (sid) => end({ session: sid })],
      ["agent", () => end({ agent: planner.id })],
      ["principal", (_, sub) => end({ principal: sub })],
      ["deployment", () => end({ deployment: trustDomain })],
      ["expired", () => (world.time.seconds += 3_600)],
      ["suspended", () => world.publish(2, ...rows, { ...inBase("agent", "planner"), state: "suspended" })],
    ];
    for (const [how, kill] of ways) {
      await begin();
      const { sid, sub } = await session();
      expect([how, (await ask(question(sid))).text]).toEqual([how, yes]);
      await kill(sid, sub);
      const { text, status } = await ask(question(sid));
      expect([how, status, text]).toEqual([how, 200, no]);
    }
  });
});

describe("who asks", () => {
  const unknown = () => question(randomIds.id());

  test("is told when it did not authenticate, before anything is looked at", async () => {
    const { sid } = await session();
    world.store.calls.length = 0;
    const url = `${decideUrl}${pathOf.one}`;
    const bare = await ask(question(sid), pathOf.one, { more: { authorization: undefined as never } });
    expect([bare.status, bare.answer.error]).toEqual([401, "invalid_client"]);
    const withoutAth = dpopProof(gateway.key, { url, atSeconds: world.time.seconds });
    expect((await ask(question(sid), pathOf.one, { proof: withoutAth })).status).toBe(400);
    const foreignKey = await ask(question(sid), pathOf.one, {
      proof: dpopProof(stranger.key, { url, atSeconds: world.time.seconds, accessToken: "x" }),
    });
    expect(foreignKey.status).toBe(400);
    expect(world.store.calls).not.toContain("readLiveness");
  });

  test("threat 9: is refused a second answer by one proof", async () => {
    const { sid } = await session();
    const url = `${decideUrl}${pathOf.one}`;
    const identity = gateway.identity();
    const proof = dpopProof(gateway.key, { url, atSeconds: world.time.seconds, accessToken: identity });
    const again = () => ask(question(sid), pathOf.one, { proof, more: { authorization: `DPoP ${identity}` } });
    expect((await again()).text).toBe(yes);
    expect((await again()).answer.error).toBe("invalid_dpop_proof");
    // a proof of one path is none of another
    expect((await ask(question(sid), pathOf.many, { proof })).status).toBe(400);
  });

  test("threat 18: is the one registered agent that admits the role which IAM authenticated", async () => {
    const { sid } = await session();
    expect((await askAs("tool-gateway", question(sid))).text).toBe(yes);
    for (const role of ["tool-gateway-2", "somebody", undefined])
      expect([role, (await askAs(role, question(sid))).status, (await askAs(role, question(sid))).text]).toEqual([
        role,
        200,
        no,
      ]);
    world.publish(2, ...replacing(rows, [agent("tool-gateway", { selectors: [] })]));
    expect((await askAs("tool-gateway", question(sid))).text).toBe(no);
  });

  test("is nobody where two active agents admit the role, and where the registration pins code or wants more than a role", async () => {
    const { sid } = await session();
    const selectors = [
      { type: "aws-lambda-url-iam", exact: { roleArn: "arn:aws:iam::111122223333:role/tool-gateway" } },
    ];
    for (const more of [
      [agent("twin", { selectors })],
      [agent("tool-gateway", { selectors, minimumAssurance: "measured" })],
      [agent("tool-gateway", { selectors, code: { releases: ["sha256:1"], lambda: { version: "1" } } })],
    ]) {
      await begin(...more);
      const one = await session();
      expect((await askAs("tool-gateway", question(one.sid))).text).toBe(no);
    }
    expect((await askAs("tool-gateway", unknown())).text).toBe(no);
    expect(sid).toHaveLength(22);
  });
});

describe("COAZ's identity", () => {
  test("is a subject only where the context names the session, and only of that session's principal", async () => {
    const { sid, sub } = await session();
    const as = async (id: string, context: object) =>
      (await ask(question(sid, { subject: { type: "identity", id }, context }))).text;
    expect(await as(sub, { session: sid })).toBe(yes);
    expect(await as(sub, {})).toBe(no);
    expect(await as(sub, { session: randomIds.id() })).toBe(no);
    expect(await as("p_somebody", { session: sid })).toBe(no);
    expect(await as(planner.id, { session: sid })).toBe(no);
    expect(await as(sub, { session: { sid } })).toBe(no);
  });
});
