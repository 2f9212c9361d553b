/** The query protocol as STS and IAM speak it: a form comes in, XML goes out. */
import type { Caller } from "./iam/caller.ts";
import { type Access, ServiceError } from "./service.ts";

/** A decoded request: the form's fields. */
export type Form = ReadonlyMap<string, string>;

/** What an operation answers: the members of its result, in the names of the protocol. */
export type Result = { readonly [name: string]: Member | undefined };
type Member = string | number | boolean | Result | readonly (string | Result)[];

/** A service in the query protocol. */
export interface QueryService {
  /** Of its answers. */
  readonly namespace: string;
  /** Rights that the call needs, all of them; throws `ServiceError` for what is not well formed. */
  access(form: Form, caller: Caller): readonly Access[];
  /** The answer's members, once the call was allowed; throws `ServiceError`. */
  call(form: Form, caller: Caller): Result | Promise<Result>;
}

/** One operation of such a service. */
export type QueryOperation = Omit<QueryService, "namespace">;

/** Puts operations together, by the name that the form gives them; what is not among them is no action of the service. */
export function queryService(
  name: string,
  namespace: string,
  operations: Readonly<Record<string, QueryOperation>>,
): QueryService {
  const named = (form: Form): QueryOperation => {
    const action = form.get("Action") ?? "";
    const found = Object.hasOwn(operations, action) ? operations[action] : undefined;
    if (found === undefined) throw new ServiceError("InvalidAction", `the embedded cloud has no ${name} ${action}`);
    return found;
  };
  return {
    namespace,
    access: (form, caller) => named(form).access(form, caller),
    call: (form, caller) => named(form).call(form, caller),
  };
}

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
  readonly requestId: string;
}

/** A good answer. */
export function answerXml(action: string, result: Result, { namespace, requestId }: Envelope): string {
  const inner = Object.keys(result).length === 0 ? "" : `<${action}Result>${xmlOf(result)}</${action}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return `<${action}Response xmlns="${namespace}">${inner}${metadata}</${action}Response>`;
}

/** An error. */
export function errorXml(code: string, message: string, { namespace, requestId }: Envelope): string {
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
