import { describe, expect, test } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { randomIds } from "../kit/keys.ts";
import {
  ask,
  lastRecord,
  no,
  pathOf,
  question,
  session,
  setUp,
  stranger,
  tickets,
  toolCall,
  why,
  world,
} from "./ground.ts";

setUp();

const searchTools = "/access/v1/search/resource";
const searchMethods = "/access/v1/search/action";
const tool = (id: string) => ({ resource: { type: "tool", id, properties: { server: tickets } } });
const answers = async (body: object) =>
  (await ask(body, pathOf.many)).answer.evaluations?.map((one: { decision: boolean }) => one.decision);

describe("several questions in one call", () => {
  test("are answered in their order, and make one record that names each", async () => {
    const { sid } = await session();
    const before = world.store.records.length;
    const evaluations = [
      tool("read_ticket"),
      tool("close_ticket"),
      {},
      { ...tool("read_ticket"), subject: { type: "session", id: randomIds.id() } },
    ];
    const { subject, action } = question(sid);
    expect(await answers({ subject, action, evaluations })).toEqual([true, false, false, false]);
    expect(world.store.records.length).toBe(before + 1);
    expect(lastRecord()).toMatchObject({ operation: "decide.batch", sid });
    expect(lastRecord().decisions.map(({ code }: { code?: string }) => code)).toEqual([
      undefined,
      "scope_exceeds",
      "parameter_missing",
      "session_foreign",
    ]);
  });

  test("stop at the first no or the first yes where the call says so", async () => {
    const { sid } = await session();
    const { subject, action } = question(sid);
    const with_ = (evaluations_semantic: string, ...evaluations: object[]) =>
      answers({ subject, action, evaluations, options: { evaluations_semantic } });
    const [yes, refused] = [tool("read_ticket"), tool("close_ticket")];
    expect(await with_("deny_on_first_deny", yes, refused, yes)).toEqual([true, false]);
    expect(await with_("permit_on_first_permit", refused, yes, yes)).toEqual([false, true]);
    expect(await with_("execute_all", refused, yes)).toEqual([false, true]);
    expect(
      (await ask({ subject, action, evaluations: [yes], options: { evaluations_semantic: "any" } }, pathOf.many))
        .status,
    ).toBe(400);
  });

  test("are refused whole beyond the bound, of questions or of sessions, and read nothing", async () => {
    const { sid } = await session();
    const { subject, action } = question(sid);
    const many = (count: number) => ({
      subject,
      action,
      evaluations: Array.from({ length: count }, () => tool("read_ticket")),
    });
    expect(await answers(many(limits.decisionsPerCall))).toHaveLength(limits.decisionsPerCall);
    world.store.calls.length = 0;
    expect((await ask(many(100), pathOf.many)).text).toBe(no);
    const sessions = Array.from({ length: limits.decisionSessions + 1 }, () => question(randomIds.id()));
    expect((await ask({ evaluations: sessions }, pathOf.many)).text).toBe(no);
    expect(world.aggregated.map(({ denial }) => denial?.code)).toEqual(["questions_many", "questions_many"]);
    expect(world.store.calls).not.toContain("readLiveness");
  });

  test("read each session once, however many questions are about it", async () => {
    const { sid } = await session();
    const { subject, action } = question(sid);
    world.store.calls.length = 0;
    await answers({ subject, action, evaluations: Array.from({ length: 30 }, () => tool("read_ticket")) });
    expect(world.store.calls.filter((name) => name === "readLiveness")).toHaveLength(1);
  });
});

describe("a search", () => {
  test("for tools finds those that the session may call with some arguments", async () => {
    const { sid } = await session();
    const found = async (id: string, by = undefined as never) =>
      (await ask(question(id, { resource: { type: "tool", properties: { server: tickets } } }), searchTools, by)).answer
        .results;
    const as = (id: string) => ({ type: "tool", id, properties: { server: tickets } });
    expect(await found(sid)).toEqual([as("list_tickets"), as("read_ticket")]);
    const narrow = await session({
      authorization_details: JSON.stringify([{ type: "ticket-customer", customers: ["42"] }]),
    });
    expect(await found(narrow.sid)).toEqual([as("list_tickets")]);
    expect(lastRecord()).toMatchObject({ operation: "decide.search", sid: narrow.sid });
  });

  test("for methods finds what may be done with one tool", async () => {
    const { sid } = await session();
    const found = async (resource: object) => {
      const { subject } = question(sid);
      return (await ask({ subject, resource }, searchMethods)).answer.results;
    };
    expect(await found(tool("read_ticket").resource)).toEqual([{ name: "tools/call" }]);
    expect(await found(tool("close_ticket").resource)).toEqual([]);
    expect(await found({ type: "mcp_server", id: tickets })).toEqual([{ name: "initialize" }, { name: "tools/list" }]);
  });

  test("threat 41: finds nothing about another's session, as about none, and there is none for subjects", async () => {
    const { sid } = await session();
    const body = (id: string) => question(id, { resource: { type: "tool", properties: { server: tickets } } });
    const foreign = await ask(body(sid), searchTools, { by: stranger });
    expect(why()).toBe("session_foreign");
    const none = await ask(body(randomIds.id()), searchTools, { by: stranger });
    expect([foreign.status, foreign.text]).toEqual([200, '{"results":[]}']);
    expect([none.status, none.text]).toEqual([foreign.status, foreign.text]);
    expect((await ask({ subject: { type: "session" } }, "/access/v1/search/subject")).status).toBe(404);
  });
});

describe("the server as a whole", () => {
  test("may be asked about by a living session that holds anything there, and methods nobody knows are answered no", async () => {
    const { sid } = await session();
    const about = async (name: string, resource: object) =>
      (await ask(question(sid, { action: { name }, resource }))).answer.decision;
    const server = { type: "mcp_server", id: tickets };
    expect([await about("initialize", server), await about("tools/list", server)]).toEqual([true, true]);
    for (const [name, resource] of [
      ["tools/call", server],
      ["tools/list", tool("read_ticket").resource],
      ["tools/Call", tool("read_ticket").resource],
      ["prompts/get", { type: "prompt", id: "x" }],
      ["ping", server],
      ["constructor", server],
    ] as const)
      expect([name, await about(name, resource), why()]).toEqual([name, false, "question_unsupported"]);
  });
});

test("a call of a tool that is asked for as one of several is decided as one alone", async () => {
  const { sid } = await session();
  expect((await ask(toolCall(sid, "read_ticket"), pathOf.many)).text).toBe('{"decision":true}');
  expect((await ask({ ...toolCall(sid, "read_ticket"), evaluations: [] }, pathOf.many)).text).toBe('{"decision":true}');
});
