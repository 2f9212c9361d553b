/** SQS (`AmazonSQS`, JSON 1.0): messages of the template's queues, addressed by their URLs as on AWS. */
import {
  type Answer,
  contextOf,
  type Json,
  ok,
  type Service,
  ServiceError,
  textMember,
  unknownOperation,
} from "../service.ts";
import { digestOf, md5 } from "./checksums.ts";
import type { Attributes, Queues } from "./queues.ts";
import { receive } from "./receive.ts";

const mostBytes = 1_048_576;
/** What SQS takes: characters of XML 1.0, and no half of a pair. */
const allowed = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
const mostAttributes = 10;
const mostEntries = 10;

/** Members of each operation that are known; another one would be half emulated, so it is refused. */
const known: Readonly<Record<string, readonly string[]>> = {
  SendMessage: ["QueueUrl", "MessageBody", "MessageAttributes"],
  ReceiveMessage: ["QueueUrl", "MaxNumberOfMessages", "MessageAttributeNames", "WaitTimeSeconds"],
  DeleteMessage: ["QueueUrl", "ReceiptHandle"],
  DeleteMessageBatch: ["QueueUrl", "Entries"],
};

interface Address {
  readonly arn: string;
  readonly url: string;
  readonly visibilityMillis: number;
}

/** Opens the service over the account's queues. */
export function openSqs(queues: Queues, addresses: readonly Address[]): Service {
  const byUrl = new Map(addresses.map((address) => [address.url, address]));
  const queueOf = (input: Json): Address => {
    const found = byUrl.get(textMember(input, "QueueUrl"));
    if (found === undefined) throw new ServiceError("QueueDoesNotExist", "The specified queue does not exist.");
    return found;
  };
  return {
    target: "AmazonSQS",
    access: (operation, input) => [
      { action: `sqs:${operation.replace(/Batch$/, "")}`, resource: queueOf(input).arn, context: contextOf({}) },
    ],
    async call(operation, input) {
      const members = known[operation];
      if (members === undefined) throw unknownOperation("SQS", operation);
      const other = Object.keys(input).find((name) => !members.includes(name));
      if (other !== undefined)
        throw new ServiceError("UnsupportedOperation", `${other} is not known to the embedded SQS`);
      const { arn, visibilityMillis } = queueOf(input);
      if (operation === "SendMessage") return send(queues, arn, input);
      if (operation === "ReceiveMessage") return receive(queues, { arn, visibilityMillis }, input);
      if (operation === "DeleteMessageBatch") return dropAll(queues, arn, input);
      queues.done(arn, textMember(input, "ReceiptHandle"));
      return ok({});
    },
  };
}

function send(queues: Queues, arn: string, input: Json): Answer {
  const body = bodyOf(input);
  const attributes = attributesOf(input);
  const id = queues.put(arn, body, attributes);
  return ok({ MessageId: id, MD5OfMessageBody: md5(body), ...digestOf(attributes) });
}

function dropAll(queues: Queues, arn: string, { Entries }: Json): Answer {
  const entries = (Entries ?? []) as readonly Json[];
  if (entries.length === 0 || entries.length > mostEntries)
    throw new ServiceError("TooManyEntriesInBatchRequest", "A batch has 1 to 10 entries.");
  const ids = entries.map((entry) => textMember(entry, "Id"));
  if (new Set(ids).size < ids.length)
    throw new ServiceError("BatchEntryIdsNotDistinct", "Two entries of a batch have one id.");
  for (const entry of entries) queues.done(arn, textMember(entry, "ReceiptHandle"));
  return ok({ Successful: ids.map((Id) => ({ Id })), Failed: [] });
}

function attributesOf({ MessageAttributes: given }: Json): Attributes {
  const attributes = (given ?? {}) as Attributes;
  const all = Object.values(attributes);
  if (all.some(({ DataType, StringValue }) => DataType !== "String" || typeof StringValue !== "string"))
    throw new ServiceError("UnsupportedOperation", "attributes other than String are not known to the embedded SQS");
  if (all.length > mostAttributes || all.some(({ StringValue }) => StringValue === ""))
    throw new ServiceError("InvalidParameterValue", "A message has at most 10 attributes, none of them empty.");
  return attributes;
}

function bodyOf({ MessageBody: body }: Json): string {
  if (typeof body !== "string" || body === "")
    throw new ServiceError("MissingParameter", "The request must contain the parameter MessageBody.");
  if (Buffer.byteLength(body) > mostBytes)
    throw new ServiceError(
      "InvalidParameterValue",
      "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    );
  if (!allowed.test(body))
    throw new ServiceError("InvalidMessageContents", "Invalid characters found. Valid Unicode characters are listed.");
  return body;
}
