import { describe, expect, test } from "vitest";
import type { AgentSession } from "../../../client/agent/session.ts";
import { LanyardError } from "../../../client/error.ts";
import { attachToEvent, attachToInput, attachToMessage, type QueueRecord, receive } from "../../../client/messages.ts";
import { agentId, tickets } from "../../kit/registry.ts";
import { urls } from "../deployment.ts";
import { cloud, forAda, offer, recordOf, sent, setUp } from "./ground.ts";

setUp();

const to = agentId("researcher");
const name = "lanyard-offer";
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof LanyardError ? error.code : String(error)),
  );
const expect_ = "anything" as const;

/** An entry of PutEvents as its targets get it. */
const eventOf = (entry: { Source: string; DetailType: string; Detail: string }) => ({
  version: "0",
  id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
  "detail-type": entry.DetailType,
  source: entry.Source,
  account: "111122223333",
  time: "2026-11-30T12:00:00Z",
  region: "eu-west-1",
  resources: [],
  detail: JSON.parse(entry.Detail) as Record<string, unknown>,
});

describe("an offer rides", () => {
  test("in a message's attribute, beside what stands there, and leaves the body as it is", async () => {
    const message = await attachToMessage(
      await forAda(),
      { MessageBody: "ticket 42", MessageAttributes: { lang: { DataType: "String", StringValue: "en" } } },
      offer,
    );
    expect(message).toEqual({
      MessageBody: "ticket 42",
      MessageAttributes: {
        lang: { DataType: "String", StringValue: "en" },
        [name]: { DataType: "String", StringValue: expect.stringMatching(/^lyo_/) },
      },
    });
  });

  test.each<[string, (session: AgentSession) => Promise<unknown>]>([
    ["a record of SQS", async (session) => recordOf(await sent(session))],
    [
      "a message as SQS's own SDK receives it",
      async (session) => {
        const { MessageBody: Body, MessageAttributes } = await sent(session);
        return { MessageId: "m-1", ReceiptHandle: "r-1", Body, MessageAttributes };
      },
    ],
    [
      "an event of EventBridge",
      async (session) =>
        eventOf(
          await attachToEvent(session, { Source: "desk", DetailType: "ticket.opened", Detail: '{"ticket":42}' }, offer),
        ),
    ],
    [
      "an event that a rule put into a queue",
      async (session) => {
        const entry = { Source: "desk", DetailType: "ticket.opened", Detail: '{"ticket":42}' };
        return recordOf({ MessageBody: JSON.stringify(eventOf(await attachToEvent(session, entry, offer))) });
      },
    ],
    [
      "the input of a state machine, or of a function",
      async (session) => JSON.parse(JSON.stringify(await attachToInput(session, { ticket: 42, body: "text" }, offer))),
    ],
    [
      "an input that a state machine put into a queue",
      async (session) => recordOf({ MessageBody: JSON.stringify(await attachToInput(session, { ticket: 42 }, offer)) }),
    ],
  ])("to its consumer in %s", async (_, make) => {
    const planner = await forAda();
    const received = await make(planner);
    const session = await receive(cloud.agent("researcher"), received, {
      expect: { offeredBy: agentId("planner"), principal: planner.principal },
    });
    expect(session).toMatchObject({ root: planner.sid, depth: 1, agent: to });
    expect((await session.accessToken(tickets)).scopes).toEqual(["tickets:read"]);
  });

  test("once: a message that carries one already is not sent, and nothing is offered", async () => {
    const planner = await forAda();
    const message = await sent(planner);
    const calls = cloud.sentTo(urls.token).length;
    await expect(attachToMessage(planner, message, offer)).rejects.toThrow(TypeError);
    await expect(attachToInput(planner, { [name]: "x" }, offer)).rejects.toThrow(TypeError);
    await expect(attachToEvent(planner, { Detail: `{"${name}":"x"}` }, offer)).rejects.toThrow(TypeError);
    await expect(attachToEvent(planner, { Detail: "[1]" }, offer)).rejects.toThrow(TypeError);
    await expect(attachToEvent(planner, { Detail: "no JSON" }, offer)).rejects.toThrow(SyntaxError);
    expect(cloud.sentTo(urls.token).length).toBe(calls);
  });

  test.each<[string, unknown]>([
    ["a record without one", recordOf({ MessageBody: "ticket 42" })],
    [
      "an attribute that is no text",
      recordOf({ MessageBody: `{"${name}":"lyo_x"}`, MessageAttributes: { [name]: { DataType: "Binary" } } }),
    ],
    [
      "an attribute that is empty",
      recordOf({ MessageBody: "{}", MessageAttributes: { [name]: { DataType: "String", StringValue: "" } } }),
    ],
    ["one that is no token's length", { [name]: "x".repeat(20_000) }],
    [
      "an event with one beside its detail",
      { ...eventOf({ Source: "s", DetailType: "t", Detail: "{}" }), [name]: "x" },
    ],
    ["an inherited member", Object.create({ [name]: "x" })],
    ["a list", [{ [name]: "x" }]],
    ["nothing", undefined],
    ["a text", name],
  ])("nowhere else: %s brings none, and nobody is asked", async (_, received) => {
    expect(await codeOf(receive(cloud.agent("researcher"), received, { expect: expect_ }))).toBe("offer_missing");
    expect(cloud.sent).toEqual([]);
  });
});

describe("threat 17: a message", () => {
  test("is worthless to another consumer, though it is an agent that reads the queue", async () => {
    const record = recordOf(await sent(await forAda()));
    expect(await codeOf(receive(cloud.agent("triage"), record, { expect: expect_ }))).toBe("request_refused");
    // and it spoils nothing for the one it is for
    expect(await codeOf(receive(cloud.agent("researcher"), record, { expect: expect_ }))).toBe("done");
  });

  test("copied into another queue opens nothing to who works with another key", async () => {
    const record = recordOf(await sent(await forAda()));
    expect(await codeOf(receive(cloud.agent("researcher"), record, { expect: expect_ }))).toBe("done");
    const copy = recordOf({ MessageBody: "other work", MessageAttributes: attributesOf(record) }, { queue: "stolen" });
    expect(await codeOf(receive(cloud.agent("researcher"), copy, { expect: expect_ }))).toBe("request_refused");
  });

  test("that somebody else slips in is refused: his work is not done in his name", async () => {
    const planner = await forAda();
    const record = recordOf(await sent(planner));
    const strict = { expect: { offeredBy: agentId("triage"), principal: planner.principal } };
    expect(await codeOf(receive(cloud.agent("researcher"), record, strict))).toBe("offer_unexpected");
    await expect(receive(cloud.agent("researcher"), record, undefined as never)).rejects.toThrow(TypeError);
  });

  test("tells who reads it neither whose work it is nor what may be done", async () => {
    const planner = await forAda();
    const text = JSON.stringify(await sent(planner, "-"));
    for (const secret of [planner.principal, "researcher", "planner", "tickets"]) expect(text).not.toContain(secret);
  });

  test("that was delivered again gives the same session, also to two workers of a process at once", async () => {
    const researcher = cloud.agent("researcher");
    const record = recordOf(await sent(await forAda()));
    const sessions = await Promise.all([1, 2, 3].map(() => receive(researcher, record, { expect: expect_ })));
    sessions.push(await receive(researcher, record, { expect: expect_ }));
    expect(new Set(sessions.map(({ sid }) => sid)).size).toBe(1);
  });

  test("that comes after its offer ended, or its giver's session, is refused", async () => {
    const planner = await forAda();
    const [late, dead] = [recordOf(await sent(planner)), recordOf(await sent(planner))];
    cloud.time.seconds += 121;
    const researcher = cloud.agent("researcher");
    expect(await codeOf(receive(researcher, late, { expect: expect_ }))).toBe("request_refused");
    await planner.end();
    expect(await codeOf(receive(researcher, dead, { expect: expect_ }))).toBe("request_refused");
  });
});

const attributesOf = ({ messageAttributes }: QueueRecord) =>
  Object.fromEntries(
    Object.entries(messageAttributes).map(([key, { stringValue = "" }]) => [
      key,
      { DataType: "String", StringValue: stringValue },
    ]),
  );
