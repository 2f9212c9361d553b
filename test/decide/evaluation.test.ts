import { describe, expect, test } from "vitest";
import { agent, inBase } from "../kit/registry.ts";
import {
  ask,
  begin,
  gateway,
  lastRecord,
  no,
  pathOf,
  planner,
  question,
  rows,
  session,
  setUp,
  ticketApi,
  tickets,
  toolCall,
  toolServer,
  why,
  world,
  yes,
} from "./ground.ts";

setUp();

const restricted = (detail: object) =>
  session({ authorization_details: JSON.stringify([{ type: "ticket-customer", ...detail }]) });

describe("a call of a tool", () => {
  test("is answered yes for a living session that holds its scopes, to its gateway and to its server", async () => {
    const { sid, root } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    expect((await ask(question(sid), pathOf.one, { by: ticketApi })).text).toBe(yes);
    const subject = { type: "session", id: sid, properties: { root } };
    expect((await ask(question(sid, { subject }))).text).toBe(yes);
  });

  test("makes one record, of gateway, session, tool, digest and policies, and none of its arguments", async () => {
    const { sid, sub } = await session();
    const before = world.store.records.length;
    const resource = { type: "tool", id: "read_ticket", properties: { server: tickets, digest: "sha256:abc" } };
    const action = { name: "tools/call", properties: { arguments: { ssn: "078-05-1120" } } };
    expect((await ask(question(sid, { resource, action }))).text).toBe(yes);
    expect(world.store.records.length).toBe(before + 1);
    expect(lastRecord()).toMatchObject({
      operation: "decide",
      outcome: "allowed",
      agent: gateway.id,
      sid,
      principal: sub,
      policies: ["all"],
      decisions: [{ sid, resource: tickets, tool: "read_ticket", digest: "sha256:abc", decision: true }],
    });
    expect(world.store.records.at(-1)?.body).not.toContain("078-05");
  });

  test.each([
    ["another case", "Read_Ticket"],
    ["another Unicode form", "read\uff3fticket"],
    ["a letter that looks alike", "re\u0430d_ticket"],
    ["a blank behind it", "read_ticket "],
    ["an invisible character", "read\u200b_ticket"],
    ["the name of an object's own member", "__proto__"],
    ["a scope in the place of a tool", "tickets:read"],
  ])("is answered no for a name in %s", async (_, tool) => {
    const { sid } = await session();
    expect((await ask(toolCall(sid, tool))).text).toBe(no);
    expect(why()).toBe("tool_unknown");
  });

  test("is answered no where the session lacks one of the tool's scopes", async () => {
    const { sid } = await session();
    expect((await ask(toolCall(sid, "close_ticket"))).text).toBe(no);
    expect(why()).toBe("scope_exceeds");
    const both = await session({ scope: "tickets:read tickets:write" });
    expect((await ask(toolCall(both.sid, "close_ticket"))).text).toBe(yes);
  });

  test("needs what the shown token says, and not only what its session holds", async () => {
    const { sid } = await session({ scope: "tickets:read tickets:write" });
    const as = (properties: object) =>
      ask({ ...toolCall(sid, "close_ticket"), subject: { type: "session", id: sid, properties } });
    expect((await as({ scope: "tickets:read tickets:write" })).text).toBe(yes);
    expect((await as({ scope: "tickets:read" })).text).toBe(no);
    expect((await as({ scope: "tickets:read tickets:write", cnf: { jkt: planner.key.jkt } })).text).toBe(yes);
    expect((await as({ cnf: { jkt: gateway.key.jkt } })).text).toBe(no);
    expect((await as({ scope: 7 })).text).toBe(no);
  });

  test("is bounded by the registry of now: what the agent may hold, and what the principal may lend", async () => {
    const { sid } = await session();
    world.publish(2, ...registryRows({ may: [] }));
    expect((await ask(question(sid))).text).toBe(no);
    expect(why()).toBe("scope_exceeds");
  });

  test("threat 42: is answered no where the server is suspended or blocked, to its gateway too", async () => {
    const { sid } = await session();
    world.store.epochs.set(`agent:${ticketApi.id}`, { epoch: 0, blocked: true });
    expect((await ask(question(sid))).text).toBe(no);
    expect(why()).toBe("server_dead");
  });

  test("is answered no by a policy that forbids, and by one that reads evidence which nobody showed here", async () => {
    const policy = (cedar: string) => ({ kind: "policy", name: "more", cedar }) as const;
    await begin(
      policy(
        'forbid(principal, action == Action::"use", resource == Tool::"tickets:read") when { context.step == "access" };',
      ),
    );
    const first = await session();
    expect((await ask(question(first.sid))).text).toBe(no);
    expect([why(), lastRecord().denial.policies]).toEqual(["policy_denied", ["more"]]);
    await begin(
      policy(
        'forbid(principal, action == Action::"access", resource) unless { context.evidence.type == "aws-sts-web-identity" };',
      ),
    );
    const second = await session();
    expect((await ask(question(second.sid))).text).toBe(no);
    expect([why(), lastRecord().denial.policies]).toEqual(["policy_denied", ["more"]]);
  });
});

describe("a call that policy permits to who signed in of late", () => {
  test("is answered by how the session's person signed in, as it is kept, and no where nothing is", async () => {
    const policy = (annotation: string) =>
      ({
        kind: "policy",
        name: "fresh",
        cedar: `${annotation} permit (principal, action, resource == Tool::"tickets:read");`,
      }) as const;
    const others = 'permit (principal, action, resource) unless { resource == Tool::"tickets:read" };';
    const rest = { kind: "policy", name: "all", cedar: others } as const;
    await begin(rest, policy('@max_age("300")'));
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    world.time.seconds += 301;
    expect((await ask(question(sid))).text).toBe(no);
    expect([why(), lastRecord().denial.policies]).toEqual(["policy_denied", expect.arrayContaining(["fresh"])]);
    await begin(rest, policy(""));
    const unkept = await session();
    world.publish(2, ...rows.filter(({ kind }) => kind !== "policy"), rest, policy('@max_age("300")'));
    expect((await ask(question(unkept.sid))).text).toBe(no);
    expect(why()).toBe("policy_denied");
  });
});

describe("arguments", () => {
  test("must be within every detail of the session, by the rule of each field", async () => {
    const { sid } = await restricted({ customers: ["42", "43"], maxRecords: 10 });
    const list = async (args: unknown) => (await ask(toolCall(sid, "list_tickets", args))).text;
    expect(await list({ filter: { customers: ["42"] }, limit: 5 })).toBe(yes);
    expect(await list({ filter: { customers: "43" }, limit: 10 })).toBe(yes);
    for (const args of [
      {},
      { filter: { customers: ["42"] } },
      { filter: { customers: [] }, limit: 1 },
      { filter: { customers: ["42", "44"] }, limit: 1 },
      { filter: { customers: ["42"] }, limit: 11 },
      { filter: { customers: ["42"] }, limit: "5" },
      { filter: { customers: [["42"]] }, limit: 1 },
      { filter: { customers: { 0: "42" } }, limit: 1 },
      { filter: { customers: null }, limit: 1 },
      { "filter/customers": ["42"], limit: 1 },
    ])
      expect([args, await list(args), why()]).toEqual([args, no, "arguments_refused"]);
  });

  test("of a tool that names nothing a detail restricts are never enough", async () => {
    const { sid } = await restricted({ customers: ["42"] });
    expect((await ask(toolCall(sid, "read_ticket", { customers: ["42"] }))).text).toBe(no);
    expect(lastRecord().denial).toMatchObject({
      code: "arguments_refused",
      tool: "read_ticket",
      type: "ticket-customer",
    });
  });

  test("are held against the shown token's narrower details too, and wider ones widen nothing", async () => {
    const { sid } = await restricted({ customers: ["42", "43"] });
    const as = (customers: readonly string[]) =>
      ask({
        ...toolCall(sid, "list_tickets", { filter: { customers: ["43"] } }),
        subject: {
          type: "session",
          id: sid,
          properties: { authorization_details: [{ type: "ticket-customer", customers }] },
        },
      });
    expect((await as(["43"])).text).toBe(yes);
    expect((await as(["42"])).text).toBe(no);
    expect((await as(["43", "44"])).text).toBe(no);
    expect(why()).toBe("details_exceed");
  });

  test.each([[[1]], ["text"], [7], [null]])("are an object and nothing else: %j", async (args) => {
    const { sid } = await session();
    expect((await ask(toolCall(sid, "read_ticket", args))).text).toBe(no);
    expect(why()).toBe("question_unsupported");
  });
});

const registryRows = (more: object) => [
  toolServer,
  agent("tool-gateway"),
  { ...inBase("agent", "planner"), ...more },
  { kind: "policy", name: "all", cedar: "permit(principal, action, resource);" } as const,
];
