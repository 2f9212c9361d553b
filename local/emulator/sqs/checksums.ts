/** MD5 of texts and attributes, by which senders and readers check that nothing was changed on the way. */
import { createHash } from "node:crypto";
import type { Json } from "../service.ts";
import type { Attributes } from "./queues.ts";

export const md5 = (bytes: string | Buffer): string => createHash("md5").update(bytes).digest("hex");

/** SQS's checksum of attributes: name, type, kind and value of each, in the order of the names. */
export function digestOf(attributes: Attributes): Json {
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
