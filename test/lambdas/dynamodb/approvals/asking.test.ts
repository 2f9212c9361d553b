import { describe, expect, test } from "vitest";
import { id, record, replayEntry } from "../../samples.ts";
import { approvals, ask, decision, pending, say, setUp, time, use } from "./ground.ts";

setUp();

const someone = () => `spiffe://acme.example/agent/${id()}`;
const person = (name: string) => ({ id: name, kind: "person" as const });

describe("a request that waits", () => {
  test("comes back exactly, with what was said of it, and is listed for its group, oldest first", async () => {
    const group = `corp/${id()}`;
    const waits = pending({ group, agent: someone(), purpose: "", maxUses: 3, session: { root: id(), sid: id() } });
    expect(await ask(waits)).toEqual({ ok: true, value: undefined });
    time.seconds += 10;
    const later = pending({ group, agent: someone() });
    await ask(later);
    expect(await approvals.pending(waits.id)).toEqual(waits);
    expect(await approvals.pending(`ap_${id()}`)).toBeUndefined();
    expect(await approvals.waiting(group, time.seconds, 10)).toEqual([waits, later]);
    expect(await approvals.waiting(group, time.seconds, 1)).toEqual([waits]);
    expect(await approvals.waiting("corp/others", time.seconds, 10)).toEqual([]);
    expect(await approvals.standing(waits)).toEqual({ decisions: [], refused: false, used: false });
    await say(decision(waits, "p_ada"));
    await use(waits, ["p_ada"]);
    const said = decision(waits, "p_ada", { atSeconds: time.seconds });
    expect(await approvals.standing(waits)).toEqual({ decisions: [said], refused: false, used: true });
    time.seconds += 890;
    expect(await approvals.waiting(group, time.seconds, 10)).toEqual([later]);
  });

  test("is stored once, of any number of equal ones at one instant, and found by hash and key", async () => {
    const [requestHash, agent] = [id(), someone()];
    const equal = () => ask(pending({ requestHash, agent }));
    const outcomes = await Promise.all(Array.from({ length: 20 }, equal));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const one of outcomes) if (!one.ok) expect(one.error.kind).toBe("asked_meanwhile");
    const { id: newest } = await approvals.asked({ requestHash, jkt: "jkt-of-planner" });
    expect(newest).toMatch(/^ap_/);
    expect(await approvals.asked({ requestHash, jkt: "another" })).toEqual({});
    expect((await ask(pending({ requestHash, agent }), newest)).ok).toBe(true);
    expect((await ask(pending({ requestHash, agent }), newest)).ok).toBe(false);
  });

  test("uses up its proof: a copy of the call makes nobody wait", async () => {
    const replayEntries = [replayEntry()];
    const asking = () => ({ pending: pending({ agent: someone() }), replayEntries, record: record() });
    expect((await approvals.ask(asking())).ok).toBe(true);
    expect(await approvals.ask(asking())).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
  });

  test("threat 56: is one of five of its agent, whatever comes at one instant, until one ends, is used or refused", async () => {
    const agent = someone();
    const of = () => pending({ agent, principal: person(id()) });
    const full = { ok: false, error: { kind: "full", of: "agent", name: agent } };
    const first = of();
    await ask(first);
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => ask(of())));
    expect(outcomes.filter(({ ok }) => ok).length).toBeLessThanOrEqual(4);
    for (let n = 0; n < 4; n++) await ask(of());
    expect(await ask(of())).toEqual(full);
    await say(decision(first, "p_ada"));
    expect(await ask(of())).toEqual(full);
    await use(first, ["p_ada"]);
    const next = of();
    expect((await ask(next)).ok).toBe(true);
    expect(await ask(of())).toEqual(full);
    await say(decision(next, "p_ada", { verdict: "refused" }));
    expect((await ask(of())).ok).toBe(true);
    expect(await ask(of())).toEqual(full);
    time.seconds += 900;
    expect((await ask(of())).ok).toBe(true);
  });

  test("threat 56: is one of twenty of its principal, over all agents", async () => {
    const principal = person(id());
    for (let n = 0; n < 20; n++) expect((await ask(pending({ agent: someone(), principal }))).ok).toBe(true);
    const full = { ok: false, error: { kind: "full", of: "principal", name: principal.id } };
    expect(await ask(pending({ agent: someone(), principal }))).toEqual(full);
    expect((await ask(pending({ agent: someone(), principal: person(id()) }))).ok).toBe(true);
  });

  test("threat 56: is known as refused for every key of its agent", async () => {
    const waits = pending({ agent: someone() });
    await ask(waits);
    await say(decision(waits, "p_ada", { verdict: "refused" }));
    const refusedAtSeconds = time.seconds;
    expect(await approvals.asked(waits)).toEqual({ id: waits.id, refusedAtSeconds });
    expect(await approvals.asked({ ...waits, jkt: "another" })).toEqual({ refusedAtSeconds });
  });

  test("may be asked about each five seconds, whoever asks between", async () => {
    const [one, other] = [`ap_${id()}`, `ap_${id()}`];
    expect(await approvals.poll(one, time.seconds)).toBe(true);
    expect(await approvals.poll(one, time.seconds + 4)).toBe(false);
    expect(await approvals.poll(other, time.seconds + 4)).toBe(true);
    expect(await approvals.poll(one, time.seconds + 5)).toBe(true);
  });
});
