import type { Profile } from "../../deployment/model.ts";
import { Usage } from "../../terminal/outcome.ts";
import { placeOf } from "./order.ts";

/** A message of the queue of refused records. */
export interface Kept {
  readonly eventId: string;
  /** Hash of the record, as its row had it; absent where the row had none. */
  readonly hash?: string;
  /** By which the queue knows this message. */
  readonly handle: string;
}

/** The queue of refused records. */
export interface RefusedRecords {
  /** Every message that names a record; each stays in the queue. */
  list(progress: (messages: number) => void): Promise<readonly Kept[]>;
  remove(message: Kept): Promise<void>;
}

/** Messages that one run handles, and how often it asks for more of them. */
const most = 1_000;
const asksMost = 400;

/**
 * The deployment's queue, by the caller's own rights: `sqs:ReceiveMessage` and `sqs:DeleteMessage`. What is not deleted
 * is there again after the queue's visibility timeout.
 * @throws Usage where the profile does not name the queue
 */
export async function openRefused(profile: Profile): Promise<RefusedRecords> {
  const { refusedQueue: QueueUrl } = profile;
  if (QueueUrl === undefined)
    throw new Usage("which queue? Give --outputs <file>, or LANYARD_REFUSED_QUEUE, the output RefusedRecordsUrl");
  const { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  const sqs = new SQSClient({ ...(await placeOf(profile)), useQueueUrlAsEndpoint: false, maxAttempts: 3 });
  return {
    async list(progress) {
      const found = new Map<string, Kept>();
      let silent = 0;
      for (let asked = 0; asked < asksMost && silent < 2 && found.size < most; asked++) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        // SQS asks some of its servers at a time: one empty answer says little
        silent = Messages.length === 0 ? silent + 1 : 0;
        for (const { MessageId = "", Body = "", ReceiptHandle: handle = "" } of Messages) {
          const kept = keptOf(Body, handle);
          if (kept) found.set(MessageId, kept);
        }
        progress(found.size);
      }
      return [...found.values()];
    },
    async remove({ handle: ReceiptHandle }) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
  };
}

/** What a message names; undefined for one that names no record: a person reads it. */
export function keptOf(body: string, handle: string): Kept | undefined {
  try {
    const { eventId, image } = JSON.parse(body) as { eventId?: unknown; image?: { hash?: { S?: unknown } } };
    const hash = image?.hash?.S;
    if (typeof eventId !== "string" || eventId === "" || eventId === "unknown") return undefined;
    return { eventId, handle, ...(typeof hash === "string" && { hash }) };
  } catch {
    return undefined;
  }
}
