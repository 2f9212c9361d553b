import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { dpopProof } from "../../kit/wire/key.ts";
import { ask, gateway, lastRecord, question, session, stranger, ticketApi, toolServer, why } from "../ground.ts";
import {
  at,
  beginChanges,
  digestOf,
  good,
  group,
  no,
  person,
  poisoned,
  setUp,
  tell,
  tickets,
  tool,
  waits,
  world,
  yes,
} from "./ground.ts";

setUp();

const opened = () => world.store.changes.rows.size;

describe("a tool that is served otherwise than it is pinned", () => {
  test("has people asked, who are shown what it is and what it was, whichever gateway's word it is", async () => {
    const { answer, status } = await tell(poisoned, { former: good });
    expect([status, answer]).toEqual([200, { state: "asked", approval: expect.stringMatching(/^tc_.{22}$/) }]);
    expect(lastRecord()).toMatchObject({
      ...{ operation: "approval.ask", outcome: "allowed", approval: answer.approval, approval_group: group },
      decisions: [{ resource: tickets, tool: "read_ticket", digest: await digestOf(poisoned), code: "tool_changed" }],
    });
    const { body } = await person("ada", "/approvals");
    expect(body.items).toMatchObject([{ kind: "tool-change", id: answer.approval, change: "changed", approvals: 0 }]);
    const shown = (await person("ada", `/approvals/${answer.approval}`)).body;
    expect(JSON.parse(shown.definition)).toEqual(poisoned);
    expect(JSON.parse(shown.former)).toEqual(good);
    expect(shown).toMatchObject({ server: tickets, pinned: [await digestOf(good)], state: "open", you: { may: true } });
    // the server itself says the same, and attaches
    expect((await tell(poisoned, {}, { by: ticketApi })).answer).toEqual(answer);
  });

  test("threat 69: is asked about once, of a thousand that tell of it at one moment", async () => {
    const all = await Promise.all(Array.from({ length: 1_000 }, () => tell(poisoned)));
    expect(new Set(all.map(({ answer }) => answer.approval)).size).toBe(1);
    expect(opened()).toBe(1);
    expect(world.store.records.filter(({ body }) => body.includes("approval.ask"))).toHaveLength(1);
  });

  test.each([
    ["renamed", tool("Reads a ticket.", "get_ticket"), { change: "renamed", from: "read_ticket" }],
    ["new", tool("Exports all.", "export_tickets"), { change: "new" }],
  ])("is shown for what it is: %s", async (_, definition, wanted) => {
    const { answer } = await tell(definition);
    expect((await person("ada", `/approvals/${answer.approval}`)).body).toMatchObject({ ...wanted, state: "open" });
  });

  test("threat 69: two changes at once are two, of which each is decided by itself", async () => {
    const other = tool("Reads a ticket, quickly.");
    const [one, two] = await Promise.all([tell(poisoned), tell(other)]);
    expect(one.answer.approval).not.toBe(two.answer.approval);
    expect((await person("ada", "/approvals")).body.items).toHaveLength(2);
  });
});

describe("nobody is asked", () => {
  test("about what is pinned, what is not pinned at all, or where nobody is named for it", async () => {
    expect((await tell(good)).answer).toEqual({ state: "pinned" });
    expect((await tell(tool("Any.", "close_ticket"))).answer).toEqual({ state: "pinned" });
    await beginChanges({ toolChanges: undefined } as never);
    expect((await tell(poisoned)).answer).toEqual({ state: "unasked" });
    expect(opened()).toBe(0);
  });

  test("threat 69: about a tool that could be taken for another by its case", async () => {
    expect((await tell(tool("Reads a ticket.", "Read_Ticket"))).answer).toEqual({ state: "unasked" });
    expect(opened()).toBe(0);
  });

  test("threat 69: at the word of who serves and fronts another resource, or none", async () => {
    for (const by of [stranger]) expect(await tell(poisoned, {}, { by })).toMatchObject({ status: 403 });
    expect(why()).toBe("change_foreign");
    for (const server of ["https://no.example", `${tickets}/`, tickets.toUpperCase()])
      expect((await tell(poisoned, { server })).status).toBe(403);
    const unproven = await tell(poisoned, {}, { more: { authorization: "DPoP x" } });
    expect([400, 401]).toContain(unproven.status);
    expect(opened()).toBe(0);
  });

  test.each([
    ["a declaration of a megabyte", { definition: tool("x".repeat(1_048_576)) }],
    ["one that people would not read to its end", { definition: tool("x".repeat(limits.toolChangeBytes)) }],
    ["a former one of that length", { former: tool("x".repeat(limits.toolChangeBytes)) }],
    ["a former one that nobody pinned", { former: tool("Reads a ticket, only.") }],
    ["the former one of another tool", { former: tool("Reads a ticket.", "list_tickets") }],
    ["no declaration", { definition: "read_ticket" }],
    ["one without a schema", { definition: { name: "read_ticket" } }],
    ["one with half a letter", { definition: tool("\ud800") }],
    ["a name with a letter that looks alike", { definition: tool("x", "re\u0430d_ticket") }],
    ["no server", { server: undefined }],
  ])("threat 69: by %s", async (_, more) => {
    const { status } = await tell(poisoned, more);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(opened()).toBe(0);
  });

  test("threat 69: twice by one proof, where a copy of the call tells of another tool", async () => {
    const url = "https://dec789.lambda-url.eu-west-1.on.aws/tools/changes";
    const accessToken = gateway.identity();
    const proof = dpopProof(gateway.key, { url, atSeconds: world.time.seconds, accessToken });
    const copied = { proof, more: { authorization: `DPoP ${accessToken}` } };
    expect((await tell(poisoned, {}, copied)).status).toBe(200);
    expect((await tell(tool("Other."), {}, copied)).status).toBeGreaterThanOrEqual(400);
    expect(why()).toBe("dpop_replayed");
    expect(opened()).toBe(1);
  });

  test("threat 69: about more than a resource may have at a time, until one is over", async () => {
    const all = await Promise.all(
      Array.from({ length: limits.toolChangesOfResource }, (_, i) => tell(tool(`Version ${i}.`))),
    );
    const asked = all.filter(({ status }) => status === 200);
    // those that met in one place look again; what is left fits now
    for (let i = asked.length; i < limits.toolChangesOfResource; i++) await tell(tool(`Later ${i}.`));
    expect(opened()).toBeLessThanOrEqual(limits.toolChangesOfResource);
    while (opened() < limits.toolChangesOfResource) await tell(tool(`More ${opened()}.`));
    expect((await tell(tool("One more."))).status).toBe(403);
    expect(why()).toBe("changes_full");
    expect(opened()).toBe(limits.toolChangesOfResource);
    world.time.seconds += limits.toolChangeLifeSeconds;
    expect((await tell(tool("One more."))).answer.state).toBe("asked");
  });
});

property.prop([fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 })], { numRuns: 40 })(
  "threat 69: what is shown is what its digest is of, and equal declarations are one, whatever else they hold",
  async (description, meta) => {
    await beginChanges();
    const served = tool(description.toWellFormed());
    const { answer } = await tell({ ...served, _meta: { meta: meta.toWellFormed() }, icons: [] });
    if (answer.state === "pinned") return expect(served).toEqual(good);
    const again = await tell(Object.fromEntries(Object.entries(served).reverse()));
    expect(again.answer).toEqual(answer);
    const { definition, digest } = waits(answer.approval);
    expect(await digestOf(JSON.parse(definition))).toBe(digest);
    expect(JSON.parse(definition)).toEqual(served);
  },
);

test("for tools that are pinned and served so, nothing more is read than without anybody to ask", async () => {
  const { sid } = await session();
  expect((await ask(question(sid, at(await digestOf(good))))).text).toBe(yes);
  expect(
    (
      await ask(
        question(sid, {
          resource: { type: "tool", id: "close_ticket", properties: { server: tickets, digest: await digestOf(good) } },
        }),
      )
    ).text,
  ).toBe(no);
  expect(world.store.changes.calls).toEqual([]);
  expect((await ask(question(sid, at(await digestOf(poisoned))))).text).toBe(no);
  expect(world.store.changes.calls).toEqual(["places"]);
  expect(toolServer.toolChanges).toBeUndefined();
});
