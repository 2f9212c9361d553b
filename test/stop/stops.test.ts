import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { addStops, directStop, emptyStops, ledgerCharacters, listedStops, type Stop } from "../../core/stop/stops.ts";
import { account, agentId, idOf, listed, many, now, session, vend } from "./ground.ts";

const root = idOf("R", 1);
const [a, b] = [idOf("S", 1), idOf("S", 2)];

describe("what is noted of a tree", () => {
  const tree = [session(root, root), session(root, a), session(root, b)];
  const noted = (dead: readonly string[], vends = [vend(root, a), vend(root, b)]) =>
    listedStops({ root, tree, ended: tree.filter(({ sid }) => dead.includes(sid)), vends, nowSeconds: now });

  test("is each dead session that has credentials, and no living sibling", () => {
    expect(noted([a])).toEqual([listed({ root, sid: a })]);
    expect(noted([])).toEqual([]);
  });

  test("is one stop where the whole tree is dead, with its agents and its last end", () => {
    const vends = [
      vend(root, a, { agent: agentId("clerk"), endsAtSeconds: now + 300 }),
      vend(root, b, { endsAtSeconds: now + 700 }),
    ];
    const { sid: _, ...whole } = listed({ root, agents: [agentId("clerk"), agentId("planner")] });
    expect(noted([root, a, b], vends)).toEqual([{ ...whole, untilSeconds: now + 700 }]);
    // a root that is dead beside a session that is not: the session is spared
    expect(noted([root, a], vends).map(({ sid }) => sid)).toEqual([a]);
  });

  test("is one stop an account and session, however many roles it had, until the last ends", () => {
    const other = "444455556666";
    const vends = [
      vend(root, a, { endsAtSeconds: now + 200 }),
      vend(root, a, { role: "tables", endsAtSeconds: now + 500 }),
      vend(root, a, { role: "theirs", account: other }),
    ];
    expect(noted([a], vends)).toEqual([
      listed({ root, sid: a, untilSeconds: now + 500 }),
      listed({ root, sid: a, account: other }),
    ]);
  });

  test("is nothing where less than two minutes are left", () => {
    expect(noted([a], [vend(root, a, { endsAtSeconds: now + 119 })])).toEqual([]);
    expect(noted([a], [vend(root, a, { endsAtSeconds: now + 120 })])).toHaveLength(1);
    // which is so for whatever a stage of the default life of a minute gives out
    expect(noted([root, a, b], [vend(root, a, { endsAtSeconds: now + 60 })])).toEqual([]);
  });
});

describe("what is noted of a raised epoch", () => {
  const raised = (subject: string, atSeconds?: number) =>
    directStop({ kind: "raised", subject, epoch: 1, ...(atSeconds !== undefined && { atSeconds }) }, now);

  test("is the agent or principal, for what was issued before the cut", () => {
    const times = { beforeSeconds: now - 3, untilSeconds: now - 3 + 900 };
    expect(raised(`agent:${agentId("clerk")}`, now - 3)).toEqual({ kind: "agent", id: agentId("clerk"), ...times });
    expect(raised("principal:p_a", now - 3)).toEqual({ kind: "principal", id: "p_a", ...times });
    // no walk finds its sessions, and credentials of the very second of the cut would live on
    const deployment = { ...times, beforeSeconds: times.beforeSeconds + 2 };
    expect(directStop({ kind: "deployment", epoch: 2, atSeconds: now - 3 }, now)).toMatchObject({
      id: "",
      ...deployment,
    });
  });

  test("never reaches past now, whatever the row says", () => {
    expect(raised("principal:p_a", now + 900)?.beforeSeconds).toBe(now);
    expect(raised("principal:p_a")?.beforeSeconds).toBe(now);
  });

  test.each([
    "build:sha256:00",
    "login:abc",
    `principal:${"$"}{aws:PrincipalTag/x}`,
    "principal:*",
    "principal:",
    "agents:x",
  ])("is nothing for %s: no credentials are named so", (subject) => {
    expect(raised(subject)).toBeUndefined();
  });
});

describe("the ledger", () => {
  test("is the same for what it knows, and drops what has ended", () => {
    const first = addStops(emptyStops, many(3), now);
    expect(first).toMatchObject({ version: 1 });
    expect(addStops(first, many(3), now + 5)).toBe(first);
    const later = addStops(first, [listed({ root: idOf("R", 9), untilSeconds: now + 1_300 })], now + 700);
    expect(later.stops).toEqual([listed({ root: idOf("R", 9), untilSeconds: now + 1_300 })]);
    expect(later.version).toBe(2);
  });

  property.prop(
    [fc.array(fc.record({ at: fc.nat(5), until: fc.integer({ min: 121, max: 900 }) }), { maxLength: 30 })],
    {
      numRuns: 40,
    },
  )("keeps each stop until the last of its ends, in whatever order they come", (all) => {
    let ledger = emptyStops;
    for (const { at, until } of all)
      ledger = addStops(ledger, [listed({ root: idOf("R", at), untilSeconds: now + until })], now);
    for (const [at, some] of Map.groupBy(all, (one) => one.at))
      expect(ledger.stops).toContainEqual(
        expect.objectContaining({
          root: idOf("R", at),
          untilSeconds: now + Math.max(...some.map(({ until }) => until)),
        }),
      );
  });

  test("names agents where sessions do not fit into its row, says until when, and loses none", () => {
    const some = many(2_500, (at) => ({ agents: [agentId(`a${at % 7}`)], untilSeconds: now + 200 + (at % 500) }));
    const ledger = addStops(emptyStops, some, now);
    expect(JSON.stringify(ledger.stops).length).toBeLessThanOrEqual(ledgerCharacters);
    expect(ledger.overflowUntilSeconds).toBe(now + 699);
    expect(ledger.stops.map((stop) => (stop.kind === "agent" ? stop.id : stop.kind)).toSorted()).toEqual(
      Array.from({ length: 7 }, (_, at) => agentId(`a${at}`)),
    );
    for (const stop of ledger.stops) expect(stop).toMatchObject({ beforeSeconds: now + 1 });
    // and with an agent each, everything that was issued until now
    const lone = many(2_500, (at) => ({ agents: [agentId(`some-agent-with-a-long-name/and-a-path/to-it/${at}`)] }));
    const all = addStops(emptyStops, [...lone, ...unnamed(1_500)], now);
    expect(all.stops).toEqual([{ kind: "deployment", id: "", beforeSeconds: now + 1, untilSeconds: now + 600 }]);
    expect(all.overflowUntilSeconds).toBe(now + 600);
  });
});

const unnamed = (count: number): readonly Stop[] =>
  many(count).map((stop) => {
    const { agents: _, ...rest } = stop as ReturnType<typeof listed>;
    return { ...rest, account };
  });
