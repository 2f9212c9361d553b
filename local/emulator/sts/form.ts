/** The query protocol as STS and IAM speak it: a form comes in, XML goes out. */
import { randomUUID } from "node:crypto";

/** A decoded request: the form's fields. */
export type Form = ReadonlyMap<string, string>;

/** What an operation answers: the members of its result, in the names of the protocol. */
export type Result = { readonly [name: string]: Member | undefined };
type Member = string | number | boolean | Result | readonly (string | Result)[];

/** Members of a list of texts. */
export function members(form: Form, list: string): string[] {
  const found: string[] = [];
  for (let index = 1; form.has(`${list}.member.${index}`); index += 1)
    found.push(form.get(`${list}.member.${index}`) ?? "");
  return found;
}

/** Key and value of each tag. */
export function readTags(form: Form): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 1; form.has(`Tags.member.${index}.Key`); index += 1) {
    found.push([form.get(`Tags.member.${index}.Key`) ?? "", form.get(`Tags.member.${index}.Value`) ?? ""]);
  }
  return found;
}

/** One member of each element of a list, such as the ARNs of `PolicyArns`. */
export function membersOf(form: Form, list: string, member: string): string[] {
  const found: string[] = [];
  for (let index = 1; form.has(`${list}.member.${index}.${member}`); index += 1)
    found.push(form.get(`${list}.member.${index}.${member}`) ?? "");
  return found;
}

/** Where a service's answers belong, and the request that is answered. */
interface Envelope {
  readonly namespace: string;
  readonly requestId?: string;
}

/** A good answer. */
export function answerXml(action: string, result: Result, { namespace, requestId = randomUUID() }: Envelope): string {
  const inner = Object.keys(result).length === 0 ? "" : `<${action}Result>${xmlOf(result)}</${action}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return `<${action}Response xmlns="${namespace}">${inner}${metadata}</${action}Response>`;
}

/** An error. */
export function errorXml(code: string, message: string, { namespace, requestId = randomUUID() }: Envelope): string {
  const error = `<Error><Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return `<ErrorResponse xmlns="${namespace}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`;
}

function xmlOf(member: Member): string {
  if (Array.isArray(member)) return member.map((each: Member) => `<member>${xmlOf(each)}</member>`).join("");
  if (typeof member !== "object") return escapeXml(String(member));
  return Object.entries(member)
    .filter((entry): entry is [string, Member] => entry[1] !== undefined)
    .map(([name, value]) => `<${name}>${xmlOf(value)}</${name}>`)
    .join("");
}

function escapeXml(text: string): string {
  return text.replace(/[<>&'"\r]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
