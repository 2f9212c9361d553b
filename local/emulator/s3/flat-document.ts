/** Reads the small documents that S3 is sent. */
import { s3Refusal } from "./errors.ts";

/**
 * Members of a flat document.
 * @throws ServiceError MalformedXML for anything but elements with text inside one root
 */
export function flatMembers(document: string, root: string): ReadonlyMap<string, string> {
  const [, inside] =
    new RegExp(`^\\s*(?:<\\?xml[^>]*\\?>)?\\s*<${root}(?:\\s[^>]*)?>([\\s\\S]*)</${root}>\\s*$`).exec(document) ?? [];
  const members = new Map<string, string>();
  const rest = (inside ?? "<").replace(/<([A-Za-z]+)>([^<&]*)<\/\1>/g, (_whole, name: string, text: string) => {
    members.set(name, text);
    return "";
  });
  if (rest.trim() !== "")
    throw s3Refusal(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  return members;
}
