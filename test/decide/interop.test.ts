import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { agent, declared, inBase } from "../kit/registry.ts";
import { ask, begin, session, tickets, toolServer } from "./ground.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`./interop/${name}.json`, import.meta.url), "utf8"));

/** One case of the certification, with our entities in the place of its own. */
interface Case {
  readonly level: string;
  readonly name: string;
  readonly path: string;
  readonly body?: object;
  readonly text?: string;
  readonly status: number;
  readonly answer?: object;
  readonly contentType?: string;
  readonly requestId?: string;
}

describe("AuthZEN 1.0 certification scenario", () => {
  let named: Readonly<Record<string, string>>;
  beforeEach(async () => {
    await begin();
    const [reader, writer, narrow] = [
      await session(),
      await session({ scope: "tickets:read tickets:write" }),
      await session({ authorization_details: JSON.stringify([{ type: "ticket-customer", customers: ["42"] }]) }),
    ];
    named = { reader: reader.sid, writer: writer.sid, narrow: narrow.sid, server: tickets };
  });

  test.each((read("certification") as Case[]).map((one) => [one.level, one.name, one] as const))(
    "%s: %s",
    async (_level, _name, { path, body, text, status, answer, contentType, requestId }) => {
      const filled = (value: unknown) => JSON.stringify(value).replace(/\$(\w+)/g, (_, name) => named[name] ?? "?");
      const sent = await ask(text ?? filled(body), path, {
        ...(contentType === undefined ? {} : { call: { contentType } }),
        ...(requestId === undefined ? {} : { more: { requestId } }),
      });
      expect([sent.status, answer && sent.answer]).toEqual([status, answer && JSON.parse(filled(answer))]);
      if (requestId !== undefined) expect(sent.headers).toMatchObject({ "X-Request-ID": requestId });
    },
  );
});

const todos = "https://todos.example";
const items = "https://items.example";
const scopes = { [todos]: ["users:read", "todos:read", "todos:create"], [items]: ["items:change"] };
const all = Object.entries(scopes).map(([resource, some]) => ({ resource, scopes: some }));
const owner = { "item-owner": { owners: "/ownerID" } };

/** The to-do server, as one resource for what needs no owner and one for what does. */
const todoRows: readonly Registration[] = [
  { ...inBase("agent", "planner"), may: all },
  agent("todo-api"),
  {
    ...{
      kind: "resource",
      name: "todos",
      uri: todos,
      servedBy: "todo-api",
      frontedBy: ["tool-gateway"],
      scopes: scopes[todos] ?? [],
    },
    tools: [
      { name: "can_read_user", scopes: ["users:read"] },
      { name: "can_read_todos", scopes: ["todos:read"] },
      { name: "can_create_todo", scopes: ["todos:create"] },
    ],
  },
  {
    ...{
      kind: "resource",
      name: "items",
      uri: items,
      servedBy: "todo-api",
      frontedBy: ["tool-gateway"],
      scopes: scopes[items] ?? [],
    },
    tools: ["can_update_todo", "can_delete_todo"].map((name) => ({ name, scopes: ["items:change"], details: owner })),
  },
  {
    ...{ kind: "details-type", name: "item-owner", resource: items },
    ...declared({ owners: { type: "array", items: { type: "string" } } }, { owners: "one_of" }, ["owners"]),
  },
  { ...inBase("lending", "support-lends"), lends: all },
  toolServer,
];

interface Person {
  readonly owner: string;
  readonly holds: readonly string[];
  readonly ownOnly: boolean;
}

describe("AuthZEN interop, to-do and search", () => {
  const { people, cases, searches } = read("todo") as {
    people: Record<string, Person>;
    cases: { person: string; tool: string; arguments: object; decision: boolean }[];
    searches: { person: string; server: "todos" | "items"; tools: string[] }[];
  };
  const sids = new Map<string, string>();
  /** One world for all cases: nothing of it changes. */
  const opened = async (name: string): Promise<string> => {
    if (sids.size === 0) await begin(...todoRows);
    const { holds, ownOnly, owner: own } = people[name] ?? expect.fail(`no ${name}`);
    const details = ownOnly ? { authorization_details: JSON.stringify([{ type: "item-owner", owners: [own] }]) } : {};
    const resource = all.filter((one) => one.scopes.some((scope) => holds.includes(scope))).map((one) => one.resource);
    const sid = sids.get(name) ?? (await session({ resource, scope: holds.join(" "), ...details })).sid;
    sids.set(name, sid);
    return sid;
  };
  const serverOf = (tool: string) => (/update|delete/.test(tool) ? items : todos);

  test.each(cases.map((one) => [one.person, one.tool, JSON.stringify(one.arguments), one] as const))(
    "%s, %s %s",
    async (person, tool, _text, one) => {
      const resource = { type: "tool", id: tool, properties: { server: serverOf(tool) } };
      const action = { name: "tools/call", properties: { arguments: one.arguments } };
      const sent = await ask({ subject: { type: "session", id: await opened(person) }, action, resource });
      expect([sent.status, sent.answer]).toEqual([200, { decision: one.decision }]);
    },
  );

  test.each(searches.map((one) => [one.person, one.server, one] as const))(
    "what %s finds at %s",
    async (person, server, { tools }) => {
      const sought = { type: "tool", properties: { server: server === "todos" ? todos : items } };
      const body = {
        subject: { type: "session", id: await opened(person) },
        action: { name: "tools/call" },
        resource: sought,
      };
      const { answer } = await ask(body, "/access/v1/search/resource");
      expect(answer.results.map(({ id }: { id: string }) => id)).toEqual(tools);
    },
  );
});
