/** SQS (`AmazonSQS`, JSON 1.0): messages of the template's queues, addressed by their URLs as on AWS. */
import { createHash } from "node:crypto";
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
import type { Attributes, Message, Queues } from "./queues.ts";

const mostBytes = 1_048_576;
/** What SQS takes: characters of XML 1.0, and no half of a pair. */
const allowed = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
const mostAttributes = 10;

/** Members of each operation that are known; another one would be half emulated, so it is refused. */
const known: Readonly<Record<string, readonly string[]>> = {
  SendMessage: ["QueueUrl", "MessageBody", "MessageAttributes"],
  ReceiveMessage: ["QueueUrl", "MaxNumberOfMessages", "MessageAttributeNames"],
  DeleteMessage: ["QueueUrl", "ReceiptHandle"],
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
      { action: `sqs:${operation}`, resource: queueOf(input).arn, context: contextOf({}) },
    ],
    call(operation, input) {
      const members = known[operation];
      if (members === undefined) throw unknownOperation("SQS", operation);
      const other = Object.keys(input).find((name) => !members.includes(name));
      if (other !== undefined)
        throw new ServiceError("UnsupportedOperation", `${other} is not known to the embedded SQS`);
      const { arn, visibilityMillis } = queueOf(input);
      if (operation === "SendMessage") return send(queues, arn, input);
      if (operation === "ReceiveMessage") return receive(queues, { arn, visibilityMillis }, input);
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

/** Takes what waits; what nobody deletes comes again, as the queue's visibility timeout says. */
function receive(queues: Queues, { arn, visibilityMillis }: Omit<Address, "url">, input: Json): Answer {
  const names = (input.MessageAttributeNames ?? []) as readonly string[];
  const taken = queues.take(arn, Number(input.MaxNumberOfMessages ?? 1));
  for (const { id } of taken) queues.back(arn, id, visibilityMillis);
  return ok(taken.length === 0 ? {} : { Messages: taken.map((message) => received(message, names)) });
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

function attributesOf({ MessageAttributes: given }: Json): Attributes {
  const attributes = (given ?? {}) as Attributes;
  const all = Object.values(attributes);
  if (all.some(({ DataType, StringValue }) => DataType !== "String" || typeof StringValue !== "string"))
    throw new ServiceError("UnsupportedOperation", "attributes other than String are not known to the embedded SQS");
  if (all.length > mostAttributes || all.some(({ StringValue }) => StringValue === ""))
    throw new ServiceError("InvalidParameterValue", "A message has at most 10 attributes, none of them empty.");
  return attributes;
}

const md5 = (bytes: string | Buffer): string => createHash("md5").update(bytes).digest("hex");

/** SQS's checksum of attributes: name, type, kind and value of each, in the order of the names. */
function digestOf(attributes: Attributes): Json {
  const sized = (text: string) => {
    const bytes = Buffer.from(text);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const parts = Object.keys(attributes)
    .sort()
    .flatMap((name) => {
      const { DataType = "", StringValue = "" } = attributes[name] ?? {};
      return [sized(name), sized(DataType), Buffer.from([1]), sized(StringValue)];
    });
  return parts.length === 0 ? {} : { MD5OfMessageAttributes: md5(Buffer.concat(parts)) };
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
