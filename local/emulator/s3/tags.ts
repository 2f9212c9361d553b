/** Tags that an object is put with. */
import { s3Refusal } from "./errors.ts";
import type { S3Request } from "./request.ts";

const mostTags = 10;
const longestKey = 128;
const longestValue = 256;
const sayable = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Tags of a put, as its header says them: a query string.
 * @returns undefined where there are none
 * @throws ServiceError InvalidTag, BadRequest
 */
export function tagsOf({ header }: Pick<S3Request, "header">): Readonly<Record<string, string>> | undefined {
  const said = header("x-amz-tagging");
  if (said === undefined || said === "") return undefined;
  const pairs = [...new URLSearchParams(said)];
  if (pairs.length > mostTags) throw s3Refusal("BadRequest", "Object tags cannot be greater than 10");
  if (new Set(pairs.map(([key]) => key)).size < pairs.length)
    throw s3Refusal("InvalidTag", "Cannot provide multiple Tags with the same key");
  for (const [key, value] of pairs) {
    if (key === "" || key.length > longestKey || !sayable.test(key))
      throw s3Refusal("InvalidTag", "The TagKey you have provided is invalid");
    if (value.length > longestValue || !sayable.test(value))
      throw s3Refusal("InvalidTag", "The TagValue you have provided is invalid");
  }
  return Object.fromEntries(pairs);
}
