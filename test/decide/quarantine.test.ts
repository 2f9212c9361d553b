import { describe, expect, test } from "vitest";
import { agent, agentId, inBase, tickets } from "../kit/registry.ts";
import { ask, begin, gatewayRole, no, question, rows, session, toolCall, why, world, yes } from "./ground.ts";

const reads = { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] };
const profiled = { ...inBase("agent", "planner"), quarantine: reads };
const quarantine = (name: string) =>
  world.order({ revoke: { agent: agentId(name) }, quarantine: true, reason: "it asks for odd things" });
const both = { scope: "tickets:read tickets:write" };

describe("threat 54: a question about a quarantined agent's session", () => {
  test("is answered no for what was opened before", async () => {
    await begin(profiled);
    const { sid } = await session(both);
    expect((await ask(question(sid))).text).toBe(yes);
    await quarantine("planner");
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "parent_dead"]);
  });

  test("is answered within the profile for what was opened in quarantine, also by a narrower one since", async () => {
    await begin(profiled);
    await quarantine("planner");
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    expect((await ask(toolCall(sid, "close_ticket"))).text).toBe(no);
    const narrower = { scopes: [{ resource: tickets, scopes: ["tickets:write"] }] };
    world.publish(2, ...rows, { ...profiled, quarantine: narrower });
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "scope_exceeds"]);
    world.publish(3, ...rows, inBase("agent", "planner"));
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "quarantined"]);
  });
});

describe("threats 42 and 54: while it is quarantined,", () => {
  test("a gateway is told nothing", async () => {
    await begin();
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    await quarantine("tool-gateway");
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "quarantined"]);
  });

  test("a gateway goes on where its profile says that it serves", async () => {
    const selectors = [{ type: "aws-lambda-url-iam", exact: { roleArn: gatewayRole } }];
    const may = reads.scopes;
    await begin(agent("tool-gateway", { selectors, may, quarantine: { ...reads, serves: true } }));
    const { sid } = await session();
    await quarantine("tool-gateway");
    expect((await ask(question(sid))).text).toBe(yes);
  });

  test("a server gets no calls, by its gateway neither", async () => {
    await begin();
    const { sid } = await session();
    await quarantine("ticket-api");
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "server_dead"]);
  });
});
