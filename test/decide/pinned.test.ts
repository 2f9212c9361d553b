import { describe, expect, test } from "vitest";
import {
  ask,
  askAs,
  begin,
  gatewayRole,
  lastRecord,
  no,
  pathOf,
  question,
  session,
  setUp,
  ticketApi,
  tickets,
  toolServer,
  why,
  world,
  yes,
} from "./ground.ts";

setUp();

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const [old, rolled, bad] = ["a", "b", "c"].map(digest) as [string, string, string];
const pinned = () =>
  begin({
    ...toolServer,
    tools: [
      { name: "read_ticket", scopes: ["tickets:read"], digests: [old, rolled] },
      { name: "list_tickets", scopes: ["tickets:read"] },
    ],
  });
const at = (digest?: unknown, tool = "read_ticket") => ({
  resource: { type: "tool", id: tool, properties: { server: tickets, ...(digest === undefined ? {} : { digest }) } },
});

describe("a pinned tool", () => {
  test("is called at each of its digests, by the word of its gateway and of its server", async () => {
    await pinned();
    const { sid } = await session();
    for (const one of [old, rolled]) {
      expect((await ask(question(sid, at(one)))).text).toBe(yes);
      expect((await ask(question(sid, at(one)), pathOf.one, { by: ticketApi })).text).toBe(yes);
      expect((await askAs(gatewayRole.split("/").at(-1), question(sid, at(one)))).text).toBe(yes);
    }
  });

  test.each([
    ["another digest", bad, "tool_changed"],
    ["the digest in capitals", old.toUpperCase(), "tool_changed"],
    ["no digest", undefined, "tool_undigested"],
    ["a digest with more behind it", `${old}0`, "tool_changed"],
    ["a digest that is a list", [old], "question_unsupported"],
    ["an empty digest", "", "question_unsupported"],
  ])("threat 61: is refused with %s, in the one form, and on record for what it is", async (_, said, code) => {
    await pinned();
    const { sid } = await session();
    expect((await ask(question(sid, at(said)))).text).toBe(no);
    expect(why()).toBe(code);
    if (code === "tool_changed")
      expect(lastRecord()).toMatchObject({ decisions: [{ tool: "read_ticket", digest: said, decision: false, code }] });
  });

  test("threat 61: that was renamed or is new is refused, whatever its digest, and the others go on", async () => {
    await pinned();
    const { sid } = await session();
    expect((await ask(question(sid, at(old, "read_ticket_2")))).text).toBe(no);
    expect(why()).toBe("tool_unknown");
    expect((await ask(question(sid, at(bad, "list_tickets")))).text).toBe(yes);
    expect((await ask(question(sid, at(undefined, "list_tickets")))).text).toBe(yes);
    const evaluations = [at(bad), at(old), at(undefined, "list_tickets")];
    const { answer } = await ask({ ...question(sid), evaluations }, pathOf.many);
    expect(answer.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual([false, true, true]);
  });

  test("threat 61: is served to an agent that said it works with one digest at no other of them", async () => {
    await pinned();
    const [rollout, silent, strange] = await Promise.all([session({ tools: old }), session(), session({ tools: bad })]);
    const both = await session({ tools: `${old} ${rolled}` });
    const answers = async (sid: string) => [
      (await ask(question(sid, at(old)))).text,
      (await ask(question(sid, at(rolled)))).text,
    ];
    expect(await answers(rollout.sid)).toEqual([yes, no]);
    expect([why(), lastRecord().decisions]).toMatchObject(["tool_held_other", [{ digest: rolled, decision: false }]]);
    for (const { sid } of [both, silent, strange]) expect(await answers(sid)).toEqual([yes, yes]);
    // what it says of one tool says nothing of another, and makes nothing callable
    expect((await ask(question(rollout.sid, at(rolled, "list_tickets")))).text).toBe(yes);
    expect((await ask(question(strange.sid, at(bad)))).text).toBe(no);
  });

  test("threat 61: a policy that forbids a version an agent said refuses its calls, too, as long as the session lives", async () => {
    await begin({
      ...{ kind: "policy", name: "recalled" },
      cedar: `forbid (principal, action, resource) when { context.asserted has tools && context.asserted.tools.contains("${bad}") };`,
    });
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    const [row] = [...world.store.sessions.values()].filter((one) => one.sid === sid);
    if (!row) throw new Error("no session");
    world.store.sessions.set(`${row.root} ${row.sid}`, { ...row, tools: [old, bad] });
    expect((await ask(question(sid))).text).toBe(no);
    expect(why()).toBe("policy_denied");
  });

  test("is found by a search, with the digests at which it may be shown", async () => {
    await pinned();
    const { sid } = await session();
    const resource = { type: "tool", properties: { server: tickets } };
    const { answer } = await ask(question(sid, { resource }), "/access/v1/search/resource");
    expect(answer.results).toEqual([
      { type: "tool", id: "read_ticket", properties: { server: tickets, digests: [old, rolled] } },
      { type: "tool", id: "list_tickets", properties: { server: tickets } },
    ]);
  });
});
