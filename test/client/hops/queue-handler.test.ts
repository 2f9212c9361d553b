import { describe, expect, test } from "vitest";
import { LanyardError } from "../../../client/error.ts";
import { createQueueHandler, type QueueRecord } from "../../../client/messages.ts";
import { agentId } from "../../kit/registry.ts";
import { urls } from "../deployment.ts";
import { cloud, forAda, recordOf, sent, setUp } from "./ground.ts";

setUp();

describe("a handler of a queue", () => {
  const failures: [string, string][] = [];
  const done: string[] = [];
  const handlerOf = (fails: (record: QueueRecord) => boolean = () => false) => {
    failures.length = 0;
    done.length = 0;
    return createQueueHandler(
      {
        agent: cloud.agent("researcher"),
        expect: { offeredBy: agentId("planner"), principal: "anyone" },
        failed: (error, { messageId }) =>
          failures.push([messageId, error instanceof LanyardError ? error.code : String(error)]),
      },
      async (record: QueueRecord, session) => {
        if (fails(record)) throw new Error("cannot");
        done.push(`${record.messageId} ${session.sid}`);
      },
    );
  };
  const batchOf = async (count: number, more: { queue?: string; group?: (at: number) => string } = {}) => {
    const planner = await forAda();
    const { queue = "work", group } = more;
    const records: QueueRecord[] = [];
    for (let at = 0; at < count; at++)
      records.push(
        recordOf(await sent(planner), { messageId: `m${at}`, queue, ...(group ? { group: group(at) } : {}) }),
      );
    return { Records: records };
  };
  const failed = (answer: { batchItemFailures: readonly { itemIdentifier: string }[] }) =>
    answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();

  test("gives each message a session of its own", async () => {
    const answer = await handlerOf()(await batchOf(12));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(new Set(done.map((line) => line.split(" ")[1])).size).toBe(12);
  });

  test("tells by its id each message that failed, in the form of a partial batch response, and no other", async () => {
    const batch = await batchOf(4);
    const Records = [...batch.Records, recordOf({ MessageBody: "no offer" }, { messageId: "m4" })];
    const answer = await handlerOf(({ messageId }) => messageId === "m2")({ Records });
    expect(failed(answer)).toEqual(["m2", "m4"]);
    expect(failures.sort()).toEqual([
      ["m2", "Error: cannot"],
      ["m4", "offer_missing"],
    ]);
    expect(done.map((line) => line.split(" ")[0]).sort()).toEqual(["m0", "m1", "m3"]);
  });

  test("gives a redelivered message the session it had, and does not end it when the work is done", async () => {
    const batch = await batchOf(1);
    const handler = handlerOf();
    await handler(batch);
    await handler(batch);
    expect(new Set(done).size).toBe(1);
    expect(cloud.sentTo(urls.revoke)).toEqual([]);
  });

  test("keeps the order of a FIFO queue's groups: what follows a failure waits with it, other groups do not", async () => {
    const batch = await batchOf(6, { queue: "work.fifo", group: (at) => (at % 2 === 0 ? "even" : "odd") });
    const answer = await handlerOf(({ messageId }) => messageId === "m2")(batch);
    expect(failed(answer)).toEqual(["m2", "m4"]);
    expect(done.map((line) => line.split(" ")[0]).filter((id) => /[135]/.test(id ?? ""))).toEqual(["m1", "m3", "m5"]);
  });

  test("holds nothing back in a standard queue, where groups are about fairness alone", async () => {
    const batch = await batchOf(3, { group: () => "tenant" });
    const answer = await handlerOf(({ messageId }) => messageId === "m0")(batch);
    expect(failed(answer)).toEqual(["m0"]);
    expect(done).toHaveLength(2);
  });

  test("works on no more than ten at a time", async () => {
    let [now, most] = [0, 0];
    const handler = createQueueHandler(
      { agent: cloud.agent("researcher"), expect: "anything", failed: () => undefined },
      async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
      },
    );
    expect(await handler(await batchOf(25))).toEqual({ batchItemFailures: [] });
    expect(most).toBeLessThanOrEqual(10);
  });

  test("refuses what is no batch", async () => {
    await expect(handlerOf()({} as never)).rejects.toThrow(TypeError);
  });
});
