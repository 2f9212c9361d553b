/** STS and IAM in CloudTrail: forms become members, answers too, and neither secrets nor tokens are kept. */
import type { ServedCall } from "../../front/call.ts";
import type { Json } from "../../service.ts";
import { sourceIdentityOf, tagsOf } from "../../sts/token-claims.ts";
import { claimsOf, homeOf, providerOf } from "../identity.ts";
import { type Described, type Description, isReading, orNull, resourcesOf, small } from "./described.ts";

/** Members of a form that say how to read it, and those that open doors. */
const unsaid = ["Action", "Version", "WebIdentityToken", "SAMLAssertion", "TokenCode"];
const numbers = ["durationSeconds", "minimumSessionTokenSize"];

/** Describes a call. */
export function byForm(call: ServedCall): Description {
  const { operation, service, input, output, code } = call;
  const answer =
    code === undefined && typeof output === "object" && output !== null ? answerOf(output as Json, homeOf(call)) : {};
  const record: Described = {
    eventName: operation,
    requestParameters: orNull({ ...formMembers(input as Record<string, string>), ...incoming(call), ...shown(call) }),
    responseElements: isSaid(call) ? orNull(answer) : null,
    ...rolesOf(call),
    // STS changes nothing of the account, whatever it gives out
    readOnly: service === "sts" || isReading(operation),
  };
  return { record, category: "Management" };
}

/** Of calls that only read the answer is not kept, but for the STS calls that give something out. */
const isSaid = ({ service, operation }: ServedCall): boolean =>
  service === "sts" ? operation !== "GetCallerIdentity" : !isReading(operation);

function rolesOf(call: ServedCall): Pick<Described, "resources"> {
  const { RoleArn: ARN = "" } = call.input as { RoleArn?: string };
  // nobody signs it, so that IAM was asked by the token alone
  if (call.operation === "AssumeRoleWithWebIdentity" && ARN !== "")
    return { resources: [{ accountId: homeOf(call), type: "AWS::IAM::Role", ARN }] };
  return resourcesOf(call, "AWS::IAM::Role", ({ resource }) => (resource.includes(":role/") ? resource : ""));
}

/** What a token of an identity provider said, less the token. */
function shown({ operation, input, code }: ServedCall): Json {
  // what was refused may be anything
  if (operation !== "AssumeRoleWithWebIdentity" || code !== undefined) return {};
  const claims = claimsOf((input as { WebIdentityToken?: string }).WebIdentityToken ?? "");
  const { tags, transitiveTagKeys } = tagsOf(claims);
  const sourceIdentity = sourceIdentityOf(claims);
  return {
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(tags.length === 0 ? {} : { principalTags: Object.fromEntries(tags), transitiveTagKeys }),
  };
}

/** Tags that a chain carries on, which the request does not name. */
function incoming({ operation, caller }: ServedCall): Json {
  const keys = caller.transitiveTagKeys ?? [];
  if (operation !== "AssumeRole" || keys.length === 0) return {};
  const tags = Object.entries(caller.tags).filter(([key]) => keys.includes(key));
  return { incomingTransitiveTags: Object.fromEntries(tags) };
}

/** `Tags.member.1.Key` and such, as lists and members. */
function formMembers(form: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(form)) {
    if (unsaid.includes(path)) continue;
    const parts = path.split(".").filter((part) => part !== "member");
    place(root, parts, value);
  }
  return Object.fromEntries(Object.entries(root).map(([name, value]) => [name, listed(value)]));
}

function place(at: Record<string, unknown>, [first = "", ...rest]: readonly string[], value: string): void {
  const name = small(first);
  if (rest.length === 0) {
    at[name] = numbers.includes(name) ? Number(value) : value;
    return;
  }
  const inner = (at[name] ?? {}) as Record<string, unknown>;
  at[name] = inner;
  place(inner, rest, value);
}

/** Members called 1, 2, 3 are a list. */
function listed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return entries.every(([name]) => /^\d+$/.test(name)) ? entries.map(([, each]) => listed(each)) : value;
}

function answerOf(result: Json, account: string): Record<string, unknown> {
  const { webIdentityToken, ...members } = answered(result) as Record<string, unknown>;
  // the answer names the issuer, CloudTrail the provider
  if (typeof members.provider === "string") return { ...members, provider: providerOf(members.provider, account) };
  if (typeof webIdentityToken !== "string") return members;
  // of the token that it signed CloudTrail keeps the id alone
  return { webIdentityTokenId: claimsOf(webIdentityToken).jti, ...members };
}

function answered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(answered);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== "SecretAccessKey");
  return Object.fromEntries(
    members.map(([name, inner]) => [small(name), name === "Expiration" ? spoken(String(inner)) : answered(inner)]),
  );
}

/** A moment as CloudTrail writes it inside answers: `Dec 12, 2024, 4:19:32 PM`. */
function spoken(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return moment;
  return at
    .toLocaleString("en-US", { timeZone: "UTC", dateStyle: "medium", timeStyle: "medium" })
    .replaceAll("\u202F", " ");
}
