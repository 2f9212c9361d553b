/** SQS (`AmazonSQS`, JSON 1.0): SendMessage to the template's queues, addressed by their URLs as on AWS. */
import { createHash, randomUUID } from "node:crypto";
import { contextOf, type Json, ok, type Service, ServiceError, textMember, unknownOperation } from "../service.ts";
import type { Queues } from "./queues.ts";

const mostBytes = 1_048_576;
/** What SQS takes: characters of XML 1.0, and no half of a pair. */
const allowed = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
const known = ["QueueUrl", "MessageBody"];

/**
 * Opens the service over the account's queues.
 * @param addresses ARN by URL
 */
export function openSqs(queues: Queues, addresses: readonly { readonly arn: string; readonly url: string }[]): Service {
  const arns = new Map(addresses.map(({ url, arn }) => [url, arn]));
  const arnOf = (input: Json): string => {
    const arn = arns.get(textMember(input, "QueueUrl"));
    if (arn === undefined) throw new ServiceError("QueueDoesNotExist", "The specified queue does not exist.");
    return arn;
  };
  return {
    target: "AmazonSQS",
    access: (operation, input) => [{ action: `sqs:${operation}`, resource: arnOf(input), context: contextOf({}) }],
    call(operation, input) {
      if (operation !== "SendMessage") throw unknownOperation("SQS", operation);
      const other = Object.keys(input).find((name) => !known.includes(name));
      if (other !== undefined)
        throw new ServiceError("UnsupportedOperation", `${other} is not known to the embedded SQS`);
      const body = bodyOf(input);
      queues.put(arnOf(input), body);
      return ok({ MessageId: randomUUID(), MD5OfMessageBody: createHash("md5").update(body).digest("hex") });
    },
  };
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
