import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { ask, cloud, decision, pending, say, setUp, time, use } from "./ground.ts";

setUp();

const sessions = async () =>
  (await cloud.client.send(new ScanCommand({ TableName: "Sessions", Select: "COUNT", ConsistentRead: true }))).Count;

describe("the use of an approval", () => {
  test("threat 55: is one, of five hundred at one instant", async () => {
    const waits = pending();
    await ask(waits);
    await say(decision(waits, "p_ada"));
    const before = (await sessions()) ?? 0;
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => use(waits, ["p_ada"])));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const refused = new Set(outcomes.flatMap((one) => (one.ok ? [] : [one.error.kind])));
    expect([...refused]).toEqual(["approval_used"]);
    expect(await sessions()).toBe(before + 1);
  });

  test("threat 55: wants each of the people whom it names, by the request that they were shown", async () => {
    const waits = pending({ needed: 2 });
    await ask(waits);
    await say(decision(waits, "p_ada"));
    const withdrawn = { ok: false, error: { kind: "approval_withdrawn", id: waits.id } };
    expect(await use(waits, ["p_ada", "p_bob"])).toEqual(withdrawn);
    await say(decision(waits, "p_bob", { requestHash: "of-another-request" }));
    expect(await use(waits, ["p_ada", "p_bob"])).toEqual(withdrawn);
    await say(decision(waits, "p_bob"));
    expect((await use(waits, ["p_ada", "p_bob"])).ok).toBe(true);
  });

  test("threat 55: is none where somebody refused it, though it was read as approved", async () => {
    const waits = pending();
    await ask(waits);
    await say(decision(waits, "p_ada"));
    await say(decision(waits, "p_bob", { verdict: "refused" }));
    expect(await use(waits, ["p_ada"])).toMatchObject({ ok: false, error: { kind: "approval_withdrawn" } });
  });

  test("threat 55: is none where the same request was refused by another key's approval of it, for an hour", async () => {
    const [waits, others] = [pending(), pending({ jkt: "another" })];
    const same = { ...others, requestHash: waits.requestHash };
    await ask(waits);
    await ask(same);
    await say(decision(waits, "p_ada"));
    await say(decision(same, "p_bob", { verdict: "refused" }));
    expect(await use(waits, ["p_ada"])).toMatchObject({ ok: false, error: { kind: "approval_withdrawn" } });
    time.seconds += 3_600;
    expect((await use(waits, ["p_ada"])).ok).toBe(true);
  });
});
