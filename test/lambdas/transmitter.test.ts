import { describe, expect, test } from "vitest";
import { toRecord } from "../../core/audit/ocsf.ts";
import { sessionSubject } from "../../core/events/security-event.ts";
import { err, ok } from "../../core/result.ts";
import { createTransmitter, type QueueReport } from "../../lambdas/transmitter/transmitter.ts";
import { agentOf, createEvents, issuer, now, person, raised, receiver, session, uid } from "../events/samples.ts";

const sid = "s".repeat(22);
const record = (target = `session:${sid}`) =>
  toRecord({ operation: "revoke", outcome: "allowed", timeMillis: now * 1000, requestId: "r", target }, uid).body;

const generations = { [`agent:${agentOf("planner")}`]: 0, [`principal:${person}`]: 0, "build:sha256:bad": 0 };

/** A transmitter whose queue is a list: `work` works off what lies in it. */
function world(...receivers: Parameters<typeof createEvents>[0]) {
  const events = createEvents(receivers, [session({ sid, generations })]);
  events.tombstones.add(sid);
  const queue: string[] = [];
  const aside: { body: string; why: string }[] = [];
  const told: string[] = [];
  const transmitter = createTransmitter(
    events.deps,
    {
      send: async (notice) => void queue.push(JSON.stringify({ notice })),
      setAside: async (body, why) => void aside.push({ body, why }),
    },
    {
      again: (name, why) => told.push(`again ${name}: ${why}`),
      setAside: (name, why) => told.push(`aside ${name}: ${why}`),
    },
  );
  const work = async (...bodies: string[]): Promise<QueueReport> =>
    transmitter({ Records: bodies.map((body, i) => ({ messageId: `m${i}`, body })) });
  return { ...events, queue, aside, told, work };
}

describe("the transmitter", () => {
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
    const transmitter = createTransmitter(
      events.deps,
      { send: async () => undefined, setAside: () => Promise.reject(new Error("no queue")) },
      { again: () => undefined, setAside: () => undefined },
    );
    const report = await transmitter({ Records: [{ messageId: "m", body: "{" }] });
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
    const { work, queue, standings, deployment, aside, pushed } = world(receiver("crm"));
    Object.assign(deployment, { generation: 1, cutAtSeconds: now });
    standings.set(`${kind}:${id}`, { ...raised, cutAtSeconds: now });
    await work(record(`${kind}:${id}`));
    expect(queue.length).toBeGreaterThan(0);
    await work(...queue);
    expect(aside).toEqual([]);
    expect(pushed).toHaveLength(queue.length);
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
