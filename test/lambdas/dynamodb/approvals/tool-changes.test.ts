import { beforeAll, describe, expect, test } from "vitest";
import type { ShownToolChanges, ToolChangeRequests } from "../../../../core/approvals/tool-changes/store.ts";
import type { ToolChange } from "../../../../core/model/tool-change.ts";
import { createShownToolChanges, createToolChanges } from "../../../../lambdas/aws/dynamodb/approvals/tool-changes.ts";
import { id, record, replayEntry } from "../../samples.ts";
import { cloud, decision, say, setUp, time } from "./ground.ts";

setUp();

let changes: ToolChangeRequests & ShownToolChanges;
beforeAll(() => {
  const clock = { nowMillis: () => time.seconds * 1000 };
  const { client, tables } = cloud;
  changes = { ...createShownToolChanges(client, tables), ...createToolChanges(client, tables, clock) };
});
/** A tool of a server of its own that is served otherwise, unless told otherwise. */
const change = (more: Partial<ToolChange> = {}): ToolChange => ({
  ...{
    id: `tc_${id()}`,
    server: `https://${id()}.example`,
    tool: "read_ticket",
    digest: "sha256:0",
    requestHash: id(),
  },
  ...{ agent: "spiffe://acme.example/agent/gateway", group: "corp/tools", needed: 1, kind: "changed" },
  ...{ definition: '{"name":"read_ticket"}', createdAtSeconds: time.seconds, expiresAtSeconds: time.seconds + 900 },
  ...more,
});
const ask = (one: ToolChange, number = 0, was?: string) =>
  changes.ask({
    ...{ change: one, replayEntries: [replayEntry()], record: record() },
    place: { number, ...(was === undefined ? {} : { was }) },
  });
const meanwhile = { ok: false, error: { kind: "meanwhile" } };

describe("a served tool that waits", () => {
  test("comes back exactly, in its place and its group's list, with what was said of it", async () => {
    const group = `corp/${id()}`;
    const one = change({ group, kind: "renamed", from: "old", former: "{}" });
    expect(await ask(one, 7)).toEqual({ ok: true, value: undefined });
    time.seconds += 1;
    const later = change({ group, server: one.server });
    await ask(later, 8);
    expect(await changes.change(one.id)).toEqual(one);
    expect(await changes.change(`tc_${id()}`)).toBeUndefined();
    const { definition: _, former: __, group: ___, needed: ____, kind: _____, ...place } = one;
    const places = await changes.places(one.server);
    expect([places.get(7), places.get(8)?.id, places.size]).toEqual([place, later.id, 2]);
    expect((await changes.places(`${one.server}/`)).size).toBe(0);
    expect(await changes.waiting(group, time.seconds, 10)).toEqual([one, later]);
    expect(await changes.waiting(group, time.seconds, 1)).toEqual([one]);
    const said = decision({ id: one.id, requestHash: one.requestHash, expiresAtSeconds: 1 } as never, "p_ada");
    await say(said);
    expect(await changes.decisions(one.id)).toEqual([said]);
    time.seconds += 900;
    expect(await changes.waiting(group, time.seconds, 10)).toEqual([]);
  });

  test("threat 69: is one, of any number that tell of it at one instant, until it has ended", async () => {
    const [requestHash, server] = [id(), `https://${id()}.example`];
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(change({ requestHash, server }), n)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const one of outcomes) if (!one.ok) expect(one).toEqual(meanwhile);
    expect((await changes.places(server)).size).toBe(1);
    time.seconds += 900;
    expect((await ask(change({ requestHash, server }), 21)).ok).toBe(true);
  });

  test("threat 69: takes no place that another took, and one that ended only as it was read", async () => {
    const one = change();
    const { server } = one;
    await ask(one);
    expect(await ask(change({ server }))).toEqual(meanwhile);
    expect(await ask(change({ server }), 0, `tc_${id()}`)).toEqual(meanwhile);
    expect((await ask(change({ server }), 0, one.id)).ok).toBe(true);
    expect((await changes.places(server)).size).toBe(1);
  });

  test("uses up its proof: a copy of the call has nobody asked", async () => {
    const replayEntries = [replayEntry()];
    const asking = () => ({ change: change(), place: { number: 0 }, replayEntries, record: record() });
    expect((await changes.ask(asking())).ok).toBe(true);
    expect(await changes.ask(asking())).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
  });
});
