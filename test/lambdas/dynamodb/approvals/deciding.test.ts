import { BatchGetCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { createDecisions } from "../../../../lambdas/aws/dynamodb/approvals/decisions.ts";
import { id, record, replayEntry } from "../../samples.ts";
import { approvals, ask, cloud, decision, pending, setUp, time, use } from "./ground.ts";

setUp();

const store = () => createDecisions(cloud.client, cloud.tables);
const agent = () => `spiffe://acme.example/agent/${id()}`;
const waiting = async () => {
  const waits = pending({ agent: agent(), principal: { id: id(), kind: "person" } });
  await ask(waits);
  return waits;
};

describe("what a person says", () => {
  test("is stored once with its record, whatever comes at one instant", async () => {
    const waits = await waiting();
    const records = Array.from({ length: 40 }, () => record());
    const said = await Promise.all(
      records.map((one) => store().decide({ decision: decision(waits, "p_ada"), replayEntries: [], record: one })),
    );
    expect(said.filter(({ ok }) => ok)).toHaveLength(1);
    expect(said.filter((one) => !one.ok && one.error.kind === "decided")).toHaveLength(39);
    expect((await approvals.standing(waits)).decisions).toEqual([decision(waits, "p_ada")]);
    const { Responses } = await cloud.client.send(
      new BatchGetCommand({
        RequestItems: { [cloud.tables.outbox]: { Keys: records.map(({ eventId }) => ({ eventId })) } },
      }),
    );
    expect(Responses?.[cloud.tables.outbox]).toHaveLength(1);
  });

  test("as a refusal is final, and refuses the request by whichever approval and key it waits", async () => {
    const waits = await waiting();
    await store().decide({ decision: decision(waits, "p_ada"), replayEntries: [], record: record() });
    const refusal = decision(waits, "p_bob", { verdict: "refused" });
    expect((await store().decide({ decision: refusal, replayEntries: [], record: record() })).ok).toBe(true);
    expect(await approvals.standing(waits)).toMatchObject({ refused: true });
    expect(await use(waits, ["p_ada"])).toMatchObject({ ok: false, error: { kind: "approval_withdrawn" } });
    const { requestHash } = waits;
    expect(await approvals.asked({ requestHash, jkt: "another" })).toMatchObject({ refusedAtSeconds: time.seconds });
    const twin = pending({ requestHash, jkt: "another", agent: agent(), principal: { id: id(), kind: "person" } });
    await ask(twin);
    await store().decide({ decision: decision(twin, "p_ada"), replayEntries: [], record: record() });
    expect(await use(twin, ["p_ada"])).toMatchObject({ ok: false, error: { kind: "approval_withdrawn" } });
  });

  test("uses up its proof, together or not at all", async () => {
    const [one, other] = [await waiting(), await waiting()];
    const replayEntries = [replayEntry()];
    const saying = (of: typeof one) => ({ decision: decision(of, "p_ada"), replayEntries, record: record() });
    expect((await store().decide(saying(one))).ok).toBe(true);
    expect(await store().decide(saying(other))).toEqual({ ok: false, error: { kind: "replay", entry: "dpop" } });
    expect((await approvals.standing(other)).decisions).toEqual([]);
  });

  test("counts refusals of an agent in a row, and an approval begins the row anew", async () => {
    const [one, other] = [agent(), agent()];
    const counted: number[] = [];
    for (const verdict of ["refused", "refused", "approved", "refused"] as const)
      counted.push(await store().inRow(one, verdict, time.seconds));
    expect(counted).toEqual([1, 2, 0, 1]);
    expect(await store().inRow(other, "refused", time.seconds)).toBe(1);
  });
});
