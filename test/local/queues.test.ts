import { describe, expect, it } from "vitest";
import type { Json, ServiceError } from "../../local/emulator/service.ts";
import { openQueues } from "../../local/emulator/sqs/queues.ts";
import { openSqs } from "../../local/emulator/sqs/service.ts";

const arn = "arn:aws:sqs:eu-west-1:111122223333:kept";
const QueueUrl = "https://sqs.eu-west-1.amazonaws.com/111122223333/kept";

function opened() {
  const queues = openQueues([{ arn }], undefined);
  const sqs = openSqs(queues, [{ arn, url: QueueUrl, visibilityMillis: 60_000 }]);
  const caller = {} as Parameters<typeof sqs.call>[2];
  const ask = async (operation: string, input: Json) =>
    (await sqs.call(operation, { QueueUrl, ...input }, caller)).body as {
      readonly Messages?: readonly { readonly Body: string; readonly ReceiptHandle: string }[];
    };
  const code = (asked: Promise<unknown>) =>
    asked.then(
      () => "ok",
      (error: ServiceError) => error.code,
    );
  return { queues, ask, code, sqs };
}

describe("a queue's reader", () => {
  it("waits for what comes, and not longer than it comes", async () => {
    const { queues, ask } = opened();
    const waiting = ask("ReceiveMessage", { MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
    queues.put(arn, "later");
    expect((await waiting).Messages?.map(({ Body }) => Body)).toEqual(["later"]);
  });

  it("waits no longer than it says, and for at most twenty seconds", async () => {
    const { ask, code } = opened();
    expect(await ask("ReceiveMessage", { WaitTimeSeconds: 0.05 })).toEqual({});
    expect(await code(ask("ReceiveMessage", { WaitTimeSeconds: 21 }))).toBe("InvalidParameterValue");
  });

  it("deletes up to ten messages in one call, each by an id of its own", async () => {
    const { queues, ask, code, sqs } = opened();
    for (const text of ["one", "two"]) queues.put(arn, text);
    const { Messages = [] } = await ask("ReceiveMessage", { MaxNumberOfMessages: 10 });
    const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
    const twice = Entries.map((entry) => ({ ...entry, Id: "same" }));
    expect(await code(ask("DeleteMessageBatch", { Entries: twice }))).toBe("BatchEntryIdsNotDistinct");
    expect(await code(ask("DeleteMessageBatch", { Entries: [] }))).toBe("TooManyEntriesInBatchRequest");
    await ask("DeleteMessageBatch", { Entries });
    expect(queues.messages(arn)).toEqual([]);
    // IAM knows no right of that name
    expect(sqs.access("DeleteMessageBatch", { QueueUrl })).toMatchObject([{ action: "sqs:DeleteMessage" }]);
  });
});
