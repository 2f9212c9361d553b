import { limits } from "../../../model/limits.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { parseBoundedJson } from "../../../text/json.ts";
import type { StsAnswer } from "../../contract/aws.ts";
import type { NamedCaller } from "../assumed-role.ts";

/** Why an answer names no caller: with `refused` STS rejected the request, `later` tells nothing about it. */
interface AnswerFault {
  readonly kind: "refused" | "malformed" | "later";
  readonly why: string;
}

const fault = (kind: AnswerFault["kind"], why: string) => err<AnswerFault>({ kind, why });

/**
 * Reads what STS answered to GetCallerIdentity, as XML or as JSON by its content type, and accepts only the exact form
 * that STS documents. Similar schemes were broken by answers that the caller could shape (CVE-2020-16250).
 * @param answer bounded here once more, whatever the relay did
 */
export function readCallerIdentity(answer: StsAnswer): Result<NamedCaller, AnswerFault> {
  const { status, body } = answer;
  if (body.length > limits.stsAnswerBytes) return fault("malformed", "the answer is too large");
  const text = decode(body);
  if (text === undefined) return fault("malformed", "the answer is not UTF-8");
  if (status !== 200) return refusalOf(status, text);
  const type = answer.contentType.split(";")[0]?.trim().toLowerCase();
  const fields =
    type === "application/json"
      ? fromJson(text)
      : type === "text/xml" || type === "application/xml"
        ? fromXml(text)
        : undefined;
  if (!fields) return fault("malformed", "not an answer to GetCallerIdentity");
  return consistent(fields);
}

function decode(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Throttling and failures of STS are not refusals: the caller may ask again. */
function refusalOf(status: number, text: string): Result<never, AnswerFault> {
  const code = /(?:<Code>|"Code"\s*:\s*")([A-Za-z.]{1,64})[<"]/.exec(text.slice(0, 4_096))?.[1] ?? "no code";
  const why = `STS answered ${status} ${code}`;
  if (status >= 300 && status < 400) return fault("malformed", `${why}: redirects are not followed`);
  const passing = status >= 500 || status === 429 || /^(Throttl|RequestLimitExceeded|TooManyRequests|Slow)/.test(code);
  return fault(passing ? "later" : "refused", why);
}

type Fields = Readonly<Record<"Account" | "Arn" | "UserId", string>>;

function fromJson(text: string): Fields | undefined {
  const parsed = parseBoundedJson(text);
  if (!parsed.ok) return undefined;
  const response = only(parsed.value, ["GetCallerIdentityResponse"])?.GetCallerIdentityResponse;
  const members = only(response, ["GetCallerIdentityResult", "ResponseMetadata"]);
  const metadata = only(members?.ResponseMetadata, ["RequestId"]);
  const { Account, Arn, UserId } = only(members?.GetCallerIdentityResult, ["Account", "Arn", "UserId"]) ?? {};
  if (!metadata || typeof Account !== "string" || typeof Arn !== "string" || typeof UserId !== "string")
    return undefined;
  return { Account, Arn, UserId };
}

/** An object with exactly these members. */
function only(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((n) => Object.hasOwn(value, n))
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

const blank = "[ \\t\\r\\n]*";
/** Without markup inside: these values never contain an entity, CDATA, a comment or an attribute. */
const leaf = `<(Arn|UserId|Account)>([^<>&]{1,2048})</\\1>`;
const leafOnce = (n: number) => leaf.replace("\\1", `\\${n}`);
const wholeAnswer = new RegExp(
  `^(?:<\\?xml version="1\\.0"(?: encoding="(?:UTF-8|utf-8)")?\\?>)?${blank}` +
    `<GetCallerIdentityResponse xmlns="https://sts\\.amazonaws\\.com/doc/2011-06-15/">${blank}` +
    `<GetCallerIdentityResult>${blank}${leafOnce(1)}${blank}${leafOnce(3)}${blank}${leafOnce(5)}${blank}` +
    `</GetCallerIdentityResult>${blank}<ResponseMetadata>${blank}` +
    `<RequestId>[A-Za-z0-9-]{1,128}</RequestId>${blank}</ResponseMetadata>${blank}` +
    `</GetCallerIdentityResponse>${blank}$`,
);

/** The whole text has one fixed form, so no XML parser is needed, and nothing that can be done to one works here. */
function fromXml(text: string): Fields | undefined {
  const match = wholeAnswer.exec(text);
  if (!match) return undefined;
  const found = new Map([1, 3, 5].map((n) => [match[n], match[n + 1]] as const));
  const [Account, Arn, UserId] = [found.get("Account"), found.get("Arn"), found.get("UserId")];
  return Account === undefined || Arn === undefined || UserId === undefined ? undefined : { Account, Arn, UserId };
}

/** Account, ARN and unique id as IAM writes them, all naming the same account. */
function consistent({ Account, Arn, UserId }: Fields): Result<NamedCaller, AnswerFault> {
  const fine =
    /^[0-9]{12}$/.test(Account) &&
    /^arn:aws(?:-[a-z]+)*:(?:iam|sts)::[0-9]{12}:[\x21-\x7e]{1,1024}$/.test(Arn) &&
    Arn.split(":")[4] === Account &&
    /^[A-Z0-9]{12,128}(?::[\w+=,.@-]{2,64})?$/.test(UserId);
  return fine
    ? ok({ arn: Arn, userId: UserId, account: Account })
    : fault("malformed", "the answer contradicts itself");
}
