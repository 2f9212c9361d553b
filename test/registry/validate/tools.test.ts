import { describe, expect, test } from "vitest";
import { inBase, registry } from "../../kit/registry.ts";
import { changed, messages, setUp, tickets } from "./ground.ts";

setUp();

const read = { name: "read_ticket", scopes: ["tickets:read"] };
const tools = (...more: object[]) => changed("tickets", { tools: [read, ...more] });
const fronted = (...frontedBy: string[]) => changed("tickets", { frontedBy });

describe("tools of a resource", () => {
  test("are taken with their scopes, and with where an argument names what a detail restricts", () => {
    const details = { "ticket-customers": { customers: "/filter/customers", maxRecords: "/a~1b" } };
    expect(messages(tools({ name: "Search.all-2", scopes: ["tickets:read"], details }))).toEqual([]);
  });

  test.each([
    ["a blank", "read ticket"],
    ["a letter beyond ASCII that looks like one of its own", "re\u0430d"],
    ["a letter in a decomposed form", "re\u0301ad"],
    ["nothing", ""],
    ["129 characters", "a".repeat(129)],
    ["a slash", "a/b"],
    ["a line's end", "read\n"],
  ])("refuses a name with %s", (_, name) => {
    expect(messages(tools({ ...read, name }))).toEqual([expect.stringMatching(/^tools\.1\.name: /)]);
  });

  test("refuses a name that differs from another in case alone, and the same twice", () => {
    expect(messages(tools({ ...read, name: "Read_Ticket" }, read))).toEqual([
      "tools.1.name: could be taken for tool read_ticket",
      "tools.2.name: could be taken for tool read_ticket",
    ]);
  });

  test.each([
    ["no scope", { scopes: [] }, /^tools\.1\.scopes: /],
    ["a scope of another resource", { scopes: ["customers:read"] }, /tools\.1\.scopes\.0: .* declares no scope/],
    ["a details type of another resource", { details: { "customer-record": {} } }, /is no details type of/],
    [
      "a field the type does not have",
      { details: { "ticket-customers": { customer: "/c" } } },
      /has no field customer/,
    ],
    ["a place that is no pointer", { details: { "ticket-customers": { customers: "customers" } } }, /argument stands/],
    ["all arguments as one value", { details: { "ticket-customers": { customers: "" } } }, /argument stands/],
    ["a broken escape", { details: { "ticket-customers": { customers: "/a~2" } } }, /argument stands/],
    ["a member nobody knows", { cost: 1 }, /tools\.1\.cost/],
  ])("refuses a tool with %s", (_, more, message) => {
    const [only, ...others] = messages(tools({ name: "other", scopes: ["tickets:read"], ...more }));
    expect([only, others]).toEqual([expect.stringMatching(message), []]);
  });
});

describe("agents before a resource", () => {
  test("are registered agents, each once, beside the one that serves it", () => {
    expect(messages(fronted("planner"))).toEqual([]);
    expect(messages(fronted("nobody", "ticket-api", "planner", "planner"))).toEqual([
      "frontedBy.0: no agent is named nobody",
      "frontedBy.1: ticket-api serves the resource, and may ask about it anyway",
      "frontedBy.3: planner is listed twice",
    ]);
  });

  test("may ask about it, like the agent that serves it, and nobody else", () => {
    const snapshot = registry(1, { ...inBase("resource", "tickets"), frontedBy: ["triage"] });
    const asking = (name: string) =>
      snapshot.resources.filter((r) => snapshot.mayAskAbout(snapshot.agentId(name), r)).map((r) => r.name);
    expect(["ticket-api", "triage", "planner"].map(asking)).toEqual([["tickets"], ["tickets"], []]);
  });
});

const digest = `sha256:${"0a".repeat(32)}`;

describe("digests of tools", () => {
  test("are taken, for a resource's tools and for what an agent works with", () => {
    expect(messages(tools({ name: "other", scopes: ["tickets:read"], digests: [digest] }))).toEqual([]);
    const held = [
      { kind: "mcp-server", name: "tickets", resource: tickets, digests: [digest] },
      { kind: "skill", name: "Refunds, by the book", version: "1.2.0", digests: [digest] },
      { kind: "plugin", name: "tickets" },
      { kind: "script", name: "bin/export.sh", digests: [digest] },
    ];
    expect(messages(changed("planner", { tools: held }))).toEqual([]);
  });

  test.each([
    ["in capitals", [digest.toUpperCase()], /lanyard tools pin/],
    ["of another algorithm", ["sha512:00"], /lanyard tools pin/],
    ["twice", [digest, digest], /listed twice/],
    ["nine times", Array.from({ length: 9 }, (_, i) => `sha256:${String(i).repeat(64)}`), /tools\.\d\.digests/],
    ["not at all", [], /tools\.\d\.digests/],
  ])("are refused %s", (_, digests, message) => {
    expect(messages(tools({ name: "other", scopes: ["tickets:read"], digests }))).toEqual([
      expect.stringMatching(message),
    ]);
    expect(messages(changed("planner", { tools: [{ kind: "skill", name: "s", digests }] }))).toEqual([
      expect.stringMatching(message),
    ]);
  });

  test.each([
    [
      "of one kind and name twice",
      [
        { kind: "skill", name: "s" },
        { kind: "skill", name: "s" },
      ],
      /skill s is listed twice/,
    ],
    ["at a resource that is none", [{ kind: "mcp-server", name: "s", resource: "https://x.example" }], /no resource/],
    ["that is no server, at a resource", [{ kind: "skill", name: "s", resource: tickets }], /MCP/],
    ["of a kind nobody knows", [{ kind: "model", name: "s" }], /tools\.0\.kind/],
    ["with an invisible character in its name", [{ kind: "skill", name: "s\u200b" }], /format character/],
  ])("refuses something an agent works with %s", (_, held, message) => {
    expect(messages(changed("planner", { tools: held }))).toEqual([expect.stringMatching(message)]);
  });
});
