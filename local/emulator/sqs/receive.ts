/** ReceiveMessage, by short and by long polling. */
import { type Answer, type Json, ok, ServiceError } from "../service.ts";
import { digestOf, md5 } from "./checksums.ts";
import type { Message, Queues } from "./queues.ts";

/** Where messages are taken, and for how long they are hidden then. */
interface Source {
  readonly arn: string;
  readonly visibilityMillis: number;
}

/**
 * Takes what waits, or waits for it as long as the caller says; what nobody deletes comes again, as the queue's
 * visibility timeout says.
 */
export async function receive(queues: Queues, { arn, visibilityMillis }: Source, input: Json): Promise<Answer> {
  const names = (input.MessageAttributeNames ?? []) as readonly string[];
  const most = Number(input.MaxNumberOfMessages ?? 1);
  const atOnce = queues.take(arn, most);
  const taken = atOnce.length > 0 ? atOnce : await takeLater(queues, arn, { most, seconds: input.WaitTimeSeconds });
  for (const { id } of taken) queues.back(arn, id, visibilityMillis);
  return ok(taken.length === 0 ? {} : { Messages: taken.map((message) => received(message, names)) });
}

/** Long polling (`WaitTimeSeconds`): the first messages that come meanwhile. */
async function takeLater(
  queues: Queues,
  arn: string,
  { most, seconds = 0 }: { readonly most: number; readonly seconds: unknown },
): Promise<readonly Message[]> {
  const waitMillis = 1_000 * Number(seconds);
  if (!(waitMillis >= 0 && waitMillis <= 20_000))
    throw new ServiceError("InvalidParameterValue", "WaitTimeSeconds must be 0 to 20.");
  if (waitMillis === 0) return [];
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(end, waitMillis).unref();
    const stop = queues.onWaiting(arn, end);
  });
  return queues.take(arn, most);
}

function received({ id, text, attributes: all }: Message, names: readonly string[]): Json {
  const asked = Object.entries(all).filter(([name]) => names.includes("All") || names.includes(name));
  const attributes = Object.fromEntries(asked);
  return {
    MessageId: id,
    ReceiptHandle: id,
    Body: text,
    MD5OfBody: md5(text),
    ...(asked.length === 0 ? {} : { MessageAttributes: attributes }),
    ...digestOf(attributes),
  };
}
