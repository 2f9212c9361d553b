import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { personId } from "../../../core/model/person-id.ts";
import { subjects } from "../../../core/model/subjects.ts";
import { idp } from "../../kit/registry.ts";
import { ask, question, session, ticketApi } from "../ground.ts";
import {
  applyResource,
  at,
  beginChanges,
  digestOf,
  good,
  group,
  no,
  person,
  pinnedServer,
  poisoned,
  say,
  setUp,
  tell,
  tickets,
  tool,
  waits,
  world,
  yes,
} from "./ground.ts";

setUp();

const called = async (definition: { name: string }, sid: string) =>
  (await ask(question(sid, at(await digestOf(definition), definition.name)))).text;
/** Tells of a tool, and has this many people approve it. */
async function approved(definition: object, ...people: readonly string[]): Promise<string> {
  const id = (await tell(definition)).answer.approval as string;
  for (const one of people) expect((await say(one, id)).status).toBe(200);
  return id;
}
const next = tool("Reads one ticket.");
const searched = async (sid: string, ...served: readonly { name: string }[]) => {
  const digests = await Promise.all(served.map(async (one) => [one.name, await digestOf(one)]));
  const resource = { type: "tool", properties: { server: tickets } };
  const body = { ...question(sid, { resource }), context: { served: Object.fromEntries(digests) } };
  return (await ask(body, "/access/v1/search/resource")).answer;
};

describe("a changed tool that people approved", () => {
  test("goes on at exactly that digest, beside the pinned one, and no third version does", async () => {
    const { sid } = await session();
    expect(await called(next, sid)).toBe(no);
    await approved(next, "ada");
    expect([await called(next, sid), await called(good, sid), await called(poisoned, sid)]).toEqual([yes, yes, no]);
    expect((await tell(next)).answer.state).toBe("approved");
    expect((await tell(poisoned)).answer.state).toBe("asked");
    expect(await called(poisoned, sid)).toBe(no);
  });

  test("needs as many different people as the registry says, and counts nobody twice", async () => {
    await beginChanges({ toolChanges: { group, needed: 2 } });
    const { sid } = await session();
    const id = await approved(next, "ada");
    expect((await say("ada", id)).body.error).toBe("approval_decided");
    expect(await called(next, sid)).toBe(no);
    await say("bob", id);
    expect(await called(next, sid)).toBe(yes);
  });

  test("is found by a search, with its digest; and what differs is named, so that it can be told", async () => {
    const { sid } = await session();
    const before = await searched(sid, next, tool("New.", "export_tickets"), tool("x", "list_tickets"));
    expect(before.context).toEqual({ differs: ["read_ticket", "export_tickets"] });
    await approved(next, "ada");
    const after = await searched(sid, next);
    expect(after.context).toBeUndefined();
    expect(after.results[0]).toMatchObject({
      id: "read_ticket",
      properties: { digests: [await digestOf(good), await digestOf(next)] },
    });
  });

  test("a renamed one keeps scopes, and a new one needs all scopes of its resource", async () => {
    const [reads, all] = await Promise.all([session(), session({ scope: "tickets:read tickets:write" })]);
    const [renamed, fresh] = [tool("Reads a ticket.", "get_ticket"), tool("Exports.", "export_tickets")];
    await approved(renamed, "ada");
    await approved(fresh, "ada");
    expect([await called(renamed, reads.sid), await called(fresh, reads.sid), await called(fresh, all.sid)]).toEqual([
      yes,
      no,
      yes,
    ]);
    expect((await searched(reads.sid, fresh, renamed)).results.map(({ id }: { id: string }) => id)).toEqual([
      "read_ticket",
      "list_tickets",
      "get_ticket",
    ]);
  });
});

describe("threat 69: an approval of a tool is none", () => {
  test("once somebody of the group takes it back, for good", async () => {
    const { sid } = await session();
    const id = await approved(next, "ada");
    expect(await called(next, sid)).toBe(yes);
    expect((await say("bob", id, "refuse")).status).toBe(200);
    expect(await called(next, sid)).toBe(no);
    expect((await tell(next)).answer).toEqual({ state: "refused", approval: id });
    expect((await say("ada", id)).status).toBe(409);
    // who told of it did what it should: refusals of tools quarantine nobody
    for (const i of [1, 2, 3]) await say("ada", (await tell(tool(`Version ${i}.`))).answer.approval, "refuse");
    expect(await called(good, sid)).toBe(yes);
  });

  test("by who owns the gateway that told or the server, or is in no such group, nor by the digest of something else", async () => {
    const id = (await tell(next)).answer.approval;
    expect(await say("olga", id)).toMatchObject({ status: 403 });
    expect(await person("olga", `/approvals/${id}`)).toMatchObject({
      body: { you: { may: false, why: "approver_involved" } },
    });
    const shown = "A".repeat(43);
    expect((await person("ada", `/approvals/${id}`, { verdict: "approve", shown })).body.error).toBe(
      "approval_changed",
    );
    // told by the server, it is the gateway's owner's all the same
    const other = (await tell(poisoned, {}, { by: ticketApi })).answer.approval;
    expect((await say("olga", other)).status).toBe(403);
    expect(world.store.approvals.decisions).toEqual([]);
  });

  test("once a person who gave it is blocked, or is no approver any more", async () => {
    const { sid } = await session();
    await approved(next, "ada");
    expect(await called(next, sid)).toBe(yes);
    const ada = subjects.principal(personId(idp, "ada"));
    world.store.epochs.set(ada, { epoch: 0, blocked: true });
    expect(await called(next, sid)).toBe(no);
    world.store.epochs.delete(ada);
    expect(await called(next, sid)).toBe(yes);
    await applyResource(
      {},
      {
        kind: "approver",
        name: "ada",
        person: { issuer: idp, sub: "mallory" },
        iam: { uniqueId: "AROAEXAMPLEEXAMPLE11", session: "ada" },
        groups: [group],
      },
    );
    expect(await called(next, sid)).toBe(no);
  });

  test("after what it was given for has changed: pins, scopes, whom to ask, how many; and is again when all is as it was", async () => {
    const { sid } = await session();
    await approved(next, "ada");
    const [pinned, ...others] = (await pinnedServer()).tools ?? [];
    if (!pinned) throw new Error("no tool");
    const changes = [
      { tools: [{ ...pinned, digests: [await digestOf(poisoned)] }, ...others] },
      { tools: [{ ...pinned, scopes: ["tickets:read", "tickets:write"] }, ...others] },
      { toolChanges: { group, needed: 2 } },
      { toolChanges: { group: "people/support" } },
      { tools: others },
    ];
    for (const change of changes) {
      await applyResource(change);
      expect(await called(next, sid)).toBe(no);
    }
    await applyResource({});
    expect(await called(next, sid)).toBe(yes);
    await applyResource({ tools: [{ ...pinned, digests: [await digestOf(next)] }, ...others] });
    expect([await called(next, sid), await called(good, sid)]).toEqual([yes, no]);
    expect((await person("ada", "/approvals")).body.items).toEqual([]);
  });

  test("beyond its life", async () => {
    const id = await approved(next, "ada");
    world.time.seconds += limits.toolChangeLifeSeconds;
    const { sid } = await session();
    expect(await called(next, sid)).toBe(no);
    expect((await say("bob", id)).body.error).toBe("approval_over");
    expect((await tell(next)).answer).toMatchObject({ state: "asked", approval: expect.not.stringMatching(id) });
  });

  test("where liveness of who gave it cannot be read", async () => {
    const { sid } = await session();
    await approved(next, "ada");
    let reads = 0;
    world.store.beforeLiveness = () => {
      // the session's own batch comes first
      world.store.unreadable = ++reads > 1;
    };
    const { status } = await ask(question(sid, at(await digestOf(next))));
    expect(status).toBe(503);
  });

  test("where a row says otherwise than its hash: people are shown no declaration that is not the digest's", async () => {
    const id = (await tell(next)).answer.approval as string;
    for (const forged of [
      { definition: JSON.stringify(good) },
      { definition: "{" },
      { former: JSON.stringify(poisoned) },
      { group: "people/support" },
      { needed: 0 },
      { digest: await digestOf(poisoned) },
      { kind: "new" as const },
    ]) {
      const row = waits(id);
      world.store.changes.rows.set(id, { ...row, ...forged });
      const { status, body } = await person("ada", `/approvals/${id}`);
      if (status === 200) {
        expect(body.you).toEqual({ may: false, why: "approval_over" });
        expect(body.definition).toBeUndefined();
      } else expect(status).toBe(404);
      world.store.changes.rows.set(id, row);
    }
    expect((await say("ada", id)).status).toBe(200);
  });
});
