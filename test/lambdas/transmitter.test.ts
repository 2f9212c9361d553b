import { describe, expect, test } from "vitest";
import { askForVerification, createTransmitter } from "../../core/endpoints/transmitter.ts";
import { sessionSubject } from "../../core/events/security-event.ts";
import { undeliveredRecord } from "../../core/events/undelivered.ts";
import { err, ok } from "../../core/model/result.ts";
import { createBatch, type QueueReport } from "../../lambdas/transmitter/batch.ts";
import { agentOf, createEvents, issuer, now, person, raised, receiver, session, uid } from "../events/samples.ts";
import { toRecord } from "../kit/records.ts";

const sid = "s".repeat(22);
const record = (target = `session:${sid}`) =>
  toRecord({ operation: "revoke", outcome: "allowed", timeMillis: now * 1000, requestId: "r", target }, uid).body;

const epochs = { [`agent:${agentOf("planner")}`]: 0, [`principal:${person}`]: 0, "build:sha256:bad": 0 };

/** A transmitter whose queue is a list: `work` works off what lies in it. */
function world(...receivers: Parameters<typeof createEvents>[0]) {
  const events = createEvents(receivers, [session({ sid, epochs })]);
  events.tombstones.add(sid);
  const queue: string[] = [];
  const aside: { body: string; why: string }[] = [];
  const told: string[] = [];
  const recorded: ReturnType<typeof undeliveredRecord>[] = [];
  const outbox = { fails: false };
  const transmitter = createTransmitter({
    ...events.deps,
    queues: {
      send: async (notice) => void queue.push(JSON.stringify({ notice })),
      setAside: async (body, why) => void aside.push({ body, why }),
    },
    watch: {
      again: (name, why) => told.push(`again ${name}: ${why}`),
      setAside: (name, why) => told.push(`aside ${name}: ${why}`),
    },
    tries: 18,
    record: async (undelivered) => {
      if (outbox.fails) throw new Error("no outbox");
      recorded.push(undeliveredRecord(undelivered, { clock: events.deps.clock, requestId: "r", toRecord }));
    },
  });
  const batch = createBatch(transmitter);
  const work = async (...bodies: string[]): Promise<QueueReport> =>
    batch({ Records: bodies.map((body, i) => ({ messageId: `m${i}`, body })) });
  /** Works off one message that was received so many times. */
  const receive = (body: string, times: number): Promise<QueueReport> =>
    batch({ Records: [{ messageId: "m", body, attributes: { ApproximateReceiveCount: String(times) } }] });
  const facts = () =>
    recorded.map((one) => (JSON.parse(one.body) as { unmapped: { lanyard: object } }).unmapped.lanyard);
  return { ...events, queue, aside, told, work, receive, recorded, facts, outbox };
}

describe("the transmitter", () => {
  test("reports every message of a batch of which nothing was delivered, and does not fail: that would count against none", async () => {
    const { work, answers, queue } = world(receiver("crm"), receiver("desk"));
    await work(record());
    answers.push(err({ why: "unreachable", detail: "x" }), err({ why: "unreachable", detail: "x" }));
    expect(await work(...queue)).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }, { itemIdentifier: "m1" }] });
  });

  test("makes one message a receiver of a revocation, so that one that is away holds up no other", async () => {
    const { work, queue, answers, pushed } = world(receiver("crm"), receiver("desk"));
    expect(await work(record())).toEqual({ batchItemFailures: [] });
    expect(queue).toHaveLength(2);
    expect(pushed).toEqual([]);
    answers.push(err({ why: "unreachable", detail: "ECONNREFUSED" }));
    expect(await work(...queue)).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(pushed.map(({ endpoint }) => endpoint)).toEqual([
      "https://crm.example/events",
      "https://desk.example/events",
    ]);
    expect(await work(queue[0] ?? "")).toEqual({ batchItemFailures: [] });
    expect(pushed[2]?.token).toBe(pushed[0]?.token);
  });

  test("sets aside at once what its receiver refuses, with the reason, and does not send it again", async () => {
    const { work, queue, answers, aside, told } = world(receiver("crm"));
    await work(record());
    answers.push(ok({ status: 400, body: '{"err":"invalid_audience"}' }));
    expect(await work(queue[0] ?? "")).toEqual({ batchItemFailures: [] });
    expect(aside).toEqual([{ body: queue[0], why: "status 400, invalid_audience" }]);
    expect(told).toEqual(["aside crm: status 400, invalid_audience"]);
  });

  test("writes down who was not told of which revocation, and why", async () => {
    const { work, queue, answers, facts, recorded } = world(receiver("crm"));
    await work(record());
    answers.push(ok({ status: 400, body: '{"err":"access_denied","description":"their own words"}' }));
    await work(queue[0] ?? "");
    expect(facts()).toEqual([
      {
        operation: "event.undelivered",
        outcome: "denied",
        request_id: "r",
        receiver: "crm",
        revocation: uid,
        target: `session:${sid}`,
        reason: "status 400, access_denied",
      },
    ]);
    // a name that no grant's record can have: the role may write no other
    expect(recorded[0]?.eventId).toMatch(/^denied#[\w-]{22}$/);
  });

  test("gives up on a receiver that stayed away, before the queue would do so without a word", async () => {
    const { work, queue, answers, aside, facts, receive } = world(receiver("crm"));
    await work(record());
    const [notice = ""] = queue;
    const away = err({ why: "unreachable", detail: "ECONNREFUSED" } as const);
    answers.push(away, away);
    expect(await receive(notice, 17)).toEqual({ batchItemFailures: [{ itemIdentifier: "m" }] });
    expect([aside, facts()]).toEqual([[], []]);
    expect(await receive(notice, 18)).toEqual({ batchItemFailures: [] });
    expect(aside).toHaveLength(1);
    expect(facts()).toMatchObject([
      { receiver: "crm", reason: "given up after 18 tries, the last: unreachable: ECONNREFUSED" },
    ]);
  });

  test("writes down a revocation that no receiver could be found for", async () => {
    const { receive, deps, facts } = world(receiver("crm"));
    Object.assign(deps.store, { readLiveness: () => Promise.reject(new Error("away")) });
    await receive(record(), 18);
    expect(facts()).toMatchObject([{ target: `session:${sid}`, reason: "given up after 18 tries, the last: away" }]);
  });

  test("keeps a message in the queue while nobody can be told that it was given up", async () => {
    const { work, queue, answers, aside, outbox } = world(receiver("crm"));
    await work(record());
    outbox.fails = true;
    answers.push(ok({ status: 401, body: "" }));
    expect(await work(queue[0] ?? "")).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(aside).toEqual([]);
  });

  test("tells of one message that is refused again by one record, and of another receiver's by another", async () => {
    const { work, queue, answers, recorded } = world(receiver("crm"), receiver("desk"));
    await work(record());
    const no = ok({ status: 401, body: "" });
    answers.push(no, no, no);
    await work(queue[0] ?? "");
    await work(queue[0] ?? "");
    await work(queue[1] ?? "");
    const ids = recorded.map(({ eventId }) => eventId);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("takes back what was set aside, as it lies there, once its cause is mended", async () => {
    const { work, queue, answers, aside, pushed } = world(receiver("crm"));
    await work(record());
    answers.push(ok({ status: 401, body: "" }), ok({ status: 401, body: "" }));
    await work(queue[0] ?? "");
    const lying = () => JSON.stringify(aside.at(-1));
    await work(lying());
    expect(aside.map(({ body }) => body)).toEqual([queue[0], queue[0]]);
    expect(await work(lying())).toEqual({ batchItemFailures: [] });
    expect(aside).toHaveLength(2);
    expect(new Set(pushed.map(({ token }) => token)).size).toBe(1);
  });

  test("leaves in the queue what could not be set aside", async () => {
    const events = createEvents([receiver("crm")]);
    const transmitter = createTransmitter({
      ...events.deps,
      queues: { send: async () => undefined, setAside: () => Promise.reject(new Error("no queue")) },
      watch: { again: () => undefined, setAside: () => undefined },
      tries: 18,
      record: async () => undefined,
    });
    const report = await createBatch(transmitter)({ Records: [{ messageId: "m", body: "{" }] });
    expect(report).toEqual({ batchItemFailures: [{ itemIdentifier: "m" }] });
  });

  test("tells nobody while nobody is registered", async () => {
    const { work, queue } = world();
    await work(record());
    expect(queue).toEqual([]);
  });

  test.each([
    ["is no JSON", "{"],
    ["is a notice to nobody", '{"notice":{}}'],
    [
      "is a notice about nothing that can be revoked",
      JSON.stringify({
        notice: { receiver: "crm", uid, issuedAtSeconds: 1, about: { revoked: {}, subject: { format: "opaque" } } },
      }),
    ],
    ["is a record that cannot be read", JSON.stringify({ ...JSON.parse(record("session:x")) })],
    ["is null", "null"],
  ])("keeps for a person what %s, and works on", async (_, body) => {
    const { work, aside, queue } = world(receiver("crm"));
    expect(await work(body, record())).toEqual({ batchItemFailures: [] });
    expect(aside.map(({ why }) => why)).toEqual(["the message cannot be read"]);
    expect(queue).toHaveLength(1);
  });

  const others = {
    "the whole deployment": { format: "complex", tenant: { format: "uri", uri: issuer } },
    "everything of a person": { format: "complex", user: { format: "iss_sub", iss: issuer, sub: person } },
    "another session": sessionSubject(issuer, "t".repeat(22), person),
    "somebody else's issuer": sessionSubject("https://other.example", sid, person),
    "one member more": { ...sessionSubject(issuer, sid, person), tenant: { format: "uri", uri: issuer } },
    nothing: null,
  };
  test.each(Object.entries(others))(
    "threat 23: a forged notice that widens a real revocation to %s is signed for nobody",
    async (_, subject) => {
      const { work, queue, aside, pushed, signed } = world(receiver("crm"));
      await work(record());
      const { notice } = JSON.parse(queue[0] ?? "") as { notice: { about: object } };
      const body = JSON.stringify({ notice: { ...notice, about: { ...notice.about, subject } } });
      await work(body);
      expect([signed, pushed]).toEqual([[], []]);
      expect(aside).toEqual([{ body, why: "the message cannot be read" }]);
    },
  );

  test.each([
    ["agent", agentOf("planner")],
    ["principal", person],
    ["build", "sha256:bad"],
    ["deployment", "dev.lanyard.internal"],
  ] as const)("carries every notice it plans about a revoked %s itself", async (kind, id) => {
    const { work, queue, epochs, deployment, aside, pushed } = world(receiver("crm"));
    Object.assign(deployment, { epoch: 1, cutAtSeconds: now });
    epochs.set(`${kind}:${id}`, { ...raised, cutAtSeconds: now });
    await work(record(`${kind}:${id}`));
    expect(queue.length).toBeGreaterThan(0);
    await work(...queue);
    expect(aside).toEqual([]);
    expect(pushed).toHaveLength(queue.length);
  });

  test("pushes a verification event to the one receiver an operator asked for, which is about nobody", async () => {
    const { work, deps, queue, signed, pushed } = world(receiver("crm"), receiver("desk"));
    const queues = { send: async (notice: object) => void queue.push(JSON.stringify({ notice })) };
    const notice = await askForVerification("desk", { ...deps, ids: { id: () => uid, secret: () => "" }, queues });
    expect(notice).toEqual({ receiver: "desk", uid, issuedAtSeconds: now });
    await work(...queue);
    expect(pushed.map(({ endpoint }) => endpoint)).toEqual(["https://desk.example/events"]);
    expect(Object.keys(signed[0]?.events ?? {})).toEqual([
      "https://schemas.openid.net/secevent/ssf/event-type/verification",
    ]);
  });

  test("passes over records that end nothing", async () => {
    const { work, aside, queue } = world(receiver("crm"));
    const lift = toRecord(
      { operation: "lift", outcome: "allowed", timeMillis: 0, requestId: "r", target: "agent:x" },
      uid,
    );
    await work(lift.body);
    expect([aside, queue]).toEqual([[], []]);
  });
});
