import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type Deny, deniesOf, denyDocument } from "../../core/stop/deny.ts";
import { fitStops, policyCharacters } from "../../core/stop/fit.ts";
import { endOfIssue, listedStops, type Stop } from "../../core/stop/stops.ts";
import { agentId, denied, holder, holders, idOf, listed, many, now, session, vend } from "./ground.ts";

const empty = (shards: number): readonly (readonly Deny[])[] => Array.from({ length: shards }, () => []);
const documents = (stops: readonly Stop[], shards = 5) => fitStops(stops, empty(shards)).shards.map(denyDocument);

describe("threat 20: what is stopped", () => {
  property.prop([holders, fc.infiniteStream(fc.boolean())], { numRuns: 60 })(
    "is every dead session with credentials that live, and no living one, whatever they have in common",
    async (all, coins) => {
      const dead = new Set(all.filter(() => coins.next().value).map(({ sid }) => sid));
      const stops = [...Map.groupBy(all, ({ root }) => root)].flatMap(([root, some]) => {
        const tree = [session(root, root), ...some.map(({ sid }) => session(root, sid))];
        const ended = tree.filter(({ sid }) => dead.has(sid));
        const vends = some.map(({ sid, agent }) => vend(root, sid, { agent }));
        return listedStops({ root, tree, ended, vends, nowSeconds: now });
      });
      const written = documents(stops, 2);
      for (const one of all) expect(await denied(written, one), one.sid).toBe(dead.has(one.sid));
    },
  );

  property.prop([holders, fc.constantFrom("agent" as const, "principal" as const), fc.integer({ min: -600, max: 0 })], {
    numRuns: 60,
  })(
    "by an agent's or a principal's name is what it was issued before the cut, and nothing issued since",
    async (all, kind, ago) => {
      const id = all[0]?.[kind] ?? "";
      const written = documents([{ kind, id, beforeSeconds: now + ago, untilSeconds: now + 900 }], 1);
      for (const one of all)
        expect(await denied(written, one)).toBe(one[kind] === id && one.issuedAtSeconds < now + ago);
    },
  );

  test("of the deployment is everything issued before the cut", async () => {
    const written = documents([{ kind: "deployment", id: "", beforeSeconds: now, untilSeconds: now + 900 }]);
    expect(await denied(written, holder())).toBe(true);
    expect(await denied(written, holder({ issuedAtSeconds: now }))).toBe(false);
  });

  test("of a tree that is dead as a whole is one line, for ids that nobody knows too", async () => {
    const { sid: _, ...whole } = listed();
    const written = documents([whole]);
    expect(written[0]).toContain(`lyd.${idOf("R", 1)}.*`);
    expect(await denied(written, holder({ sid: idOf("S", 77) }))).toBe(true);
    expect(await denied(written, holder({ root: idOf("R", 2) }))).toBe(false);
  });

  test("is nobody where nothing is: IAM takes no policy without a statement", async () => {
    expect(await denied(documents([]), holder())).toBe(false);
    expect(deniesOf(denyDocument([]))).toEqual([]);
  });
});

describe("threat 20: the policies", () => {
  test("hold more than five hundred sessions exactly, each within IAM's size", async () => {
    const stops = many(560);
    const { shards, coarse } = fitStops(stops, empty(5));
    expect(coarse).toBe("exact");
    for (const shard of shards) expect(denyDocument(shard).length).toBeLessThanOrEqual(policyCharacters);
    expect(shards.flat()).toHaveLength(560);
  });

  property.prop([fc.array(fc.nat(150), { minLength: 1, maxLength: 5 }), fc.array(fc.nat(300), { maxLength: 250 })], {
    numRuns: 40,
  })("leave each denial in the policy where it is, so that none is missing between two writes", (before, after) => {
    const first = fitStops(
      before.flatMap((at) => many(at)),
      empty(3),
    ).shards;
    const wanted = [...new Set(after)].map((at) => listed({ root: idOf("R", at), sid: idOf("S", at) }));
    const { shards } = fitStops(wanted, first);
    const still = new Set(wanted.map(({ root, sid }) => `lyd.${root}.${sid}`));
    for (const [at, shard] of first.entries())
      for (const deny of shard.filter(({ value }) => still.has(value))) expect(shards[at]).toContainEqual(deny);
    expect(
      shards
        .flat()
        .map(({ value }) => value)
        .toSorted(),
    ).toEqual([...still].toSorted());
  });

  test("are read back from what was written, and from nothing that somebody else wrote", () => {
    const denies = fitStops(
      [listed(), { kind: "agent", id: agentId("clerk"), beforeSeconds: now, untilSeconds: now + 1 }],
      empty(1),
    ).shards.flat();
    const document = denyDocument(denies);
    expect(deniesOf(document)).toEqual(expect.arrayContaining([...denies]));
    const foreign = [
      document.replace('"Action":"*"', '"Action":"s3:*"'),
      document.replace('"Effect":"Deny"', '"Effect":"Allow"'),
      document.replace(/,"DateLessThan.*?\}/, ""),
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }),
      JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Deny", Action: "*", Resource: "*" } }),
      ...["", "null", "[]", "{", '{"Statement":[null]}', '{"Statement":[{"Condition":null}]}'],
    ];
    for (const one of foreign) expect(deniesOf(one) && one === document, one).toBeFalsy();
  });
});

describe("threat 20: more than the policies hold", () => {
  const busy = (count: number) =>
    many(count, (at) => ({ root: idOf("R", at % 3), agents: [agentId(at % 2 ? "planner" : "researcher")] }));

  test("is stopped by whole trees, the fullest first, and every dead session is among them", async () => {
    const stops = [...busy(300), ...many(20, (at) => ({ root: idOf("Q", at) }))];
    const { shards, coarse } = fitStops(stops, empty(2));
    expect(coarse).toBe("roots");
    const values = shards.flat().map(({ value }) => value);
    // the small trees are still told apart
    expect(values).toContain(`lyd.${idOf("Q", 3)}.${idOf("S", 3)}`);
    const written = shards.map(denyDocument);
    for (const { root, sid = "" } of stops.filter((_, at) => at % 29 === 0) as { root: string; sid?: string }[])
      expect(await denied(written, holder({ root, sid }))).toBe(true);
    // a living session of such a tree is hit with what it has, and goes on with what it gets next
    const neighbour = holder({ root: idOf("R", 0), sid: idOf("L", 1) });
    expect(await denied(written, neighbour)).toBe(true);
    expect(await denied(written, { ...neighbour, issuedAtSeconds: now + 2 })).toBe(false);
    expect(await denied(written, holder({ root: idOf("Q", 3), sid: idOf("L", 1) }))).toBe(false);
  });

  test("is stopped by agents where the trees do not fit either", async () => {
    const stops = many(900, (at) => ({ agents: [agentId(at % 2 ? "planner" : "researcher")] }));
    const { shards, coarse } = fitStops(stops, empty(2));
    expect(coarse).toBe("agents");
    const written = shards.map(denyDocument);
    for (const at of [0, 450, 899])
      expect(
        await denied(
          written,
          holder({ root: idOf("R", at), sid: idOf("S", at), agent: agentId(at % 2 ? "planner" : "researcher") }),
        ),
      ).toBe(true);
    expect(await denied(written, holder({ agent: agentId("clerk") }))).toBe(false);
  });

  test("is stopped by everything that was issued before where no name fits", async () => {
    const stops = many(900, () => ({ agents: [] })).map((stop) => {
      const { agents: _, ...unnamed } = stop as ReturnType<typeof listed>;
      return unnamed;
    });
    const { shards, coarse } = fitStops(stops, empty(2));
    expect(coarse).toBe("all");
    const written = shards.map(denyDocument);
    expect(await denied(written, holder({ agent: agentId("clerk") }))).toBe(true);
    expect(await denied(written, holder({ issuedAtSeconds: now + 2 }))).toBe(false);
  });

  property.prop(
    [fc.integer({ min: 100, max: 700 }), fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 40 })],
    {
      numRuns: 25,
    },
  )("never leaves a dead session out, however it is grouped", (count, trees, agents) => {
    const stops = many(count, (at) => ({ root: idOf("R", at % trees), agents: [agentId(`a${at % agents}`)] }));
    const { shards } = fitStops(stops, empty(1));
    const all = shards.flat();
    for (const stop of stops) {
      if (stop.kind !== "listed") continue;
      const names = new Set([`lyd.${stop.root}.${stop.sid}`, `lyd.${stop.root}.*`, "lyd.*", ...(stop.agents ?? [])]);
      const hit = all.filter(({ value }) => names.has(value));
      expect(hit.some(({ beforeSeconds = Number.POSITIVE_INFINITY }) => beforeSeconds >= endOfIssue(stop))).toBe(true);
    }
    for (const shard of shards) expect(denyDocument(shard).length).toBeLessThanOrEqual(policyCharacters);
  });
});
