/**
 * STS in the query protocol: GetCallerIdentity and GetWebIdentityToken (IAM outbound identity federation), the
 * workload's own document. The claims have the shape that AWS documents and that live tokens were seen to have.
 */
import { randomUUID, sign } from "node:crypto";
import { uniqueId } from "../cloudformation/physical.ts";
import type { Caller } from "../iam/caller.ts";
import { type Access, contextOf, ServiceError } from "../service.ts";
import type { TokenKey } from "./issuer.ts";

/** A decoded STS request: the form's fields. */
export type StsForm = ReadonlyMap<string, string>;

/** The embedded STS. */
export interface Sts {
  access(form: StsForm, caller: Caller): Access[];
  /** The answer as XML; throws `ServiceError`. */
  call(form: StsForm, caller: Caller): string;
}

/** What the tokens say about this place. */
interface StsPlace {
  readonly issuer: string;
  readonly region: string;
  readonly keys: readonly TokenKey[];
  readonly nowMillis?: () => number;
}

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Opens STS for one account. */
export function openSts(place: StsPlace): Sts {
  return {
    access(form, caller) {
      const action = form.get("Action") ?? "";
      // As on AWS, asking who one is needs no permission and cannot be denied.
      if (action === "GetCallerIdentity") return [];
      const tags = readTags(form);
      const context = contextOf({
        "sts:IdentityTokenAudience": members(form, "Audience"),
        "sts:DurationSeconds": form.get("DurationSeconds") ?? "300",
        "sts:SigningAlgorithm": form.get("SigningAlgorithm"),
        "aws:TagKeys": tags.map(([key]) => key),
        ...Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
      });
      const actions = tags.length === 0 ? [action] : [action, "TagGetWebIdentityToken"];
      return actions.map((each) => ({ action: `sts:${each}`, resource: caller.roleArn, context }));
    },
    call(form, caller) {
      const action = form.get("Action") ?? "";
      if (action === "GetCallerIdentity") return answer(action, callerIdentity(caller));
      if (action === "GetWebIdentityToken") return answer(action, webIdentityToken(form, caller, place));
      throw new ServiceError("InvalidAction", `the embedded cloud has no STS ${action}`);
    },
  };
}

function callerIdentity(caller: Caller): Record<string, string> {
  const [, , , , account = "", role = ""] = caller.roleArn.split(":");
  const name = role.slice(role.lastIndexOf("/") + 1);
  return {
    Arn: `arn:aws:sts::${account}:assumed-role/${name}/${caller.sessionName}`,
    UserId: `${uniqueId("AROA", `${account}/${name}`)}:${caller.sessionName}`,
    Account: account,
  };
}

function webIdentityToken(form: StsForm, caller: Caller, place: StsPlace): Record<string, string> {
  const audience = members(form, "Audience");
  const durationSeconds = Number(form.get("DurationSeconds") ?? 300);
  const key = place.keys.find(({ algorithm }) => algorithm === form.get("SigningAlgorithm"));
  const tags = readTags(form);
  if (audience.length < 1 || audience.length > 10 || audience.some((each) => each === "" || each.length > 1000)) {
    throw new ServiceError("ValidationError", "Audience must have 1 to 10 members of 1 to 1000 characters");
  }
  if (key === undefined) throw new ServiceError("ValidationError", "SigningAlgorithm must be RS256 or ES384");
  if (!Number.isInteger(durationSeconds) || durationSeconds < 60 || durationSeconds > 3600) {
    throw new ServiceError("ValidationError", "DurationSeconds must be between 60 and 3600");
  }
  if (tags.length > 50) throw new ServiceError("ValidationError", "at most 50 tags");
  const nowMillis = (place.nowMillis ?? Date.now)();
  const iat = Math.floor(nowMillis / 1000);
  if (nowMillis + durationSeconds * 1000 > caller.expiresAtMillis) {
    throw new ServiceError("SessionDurationEscalation", "the token would outlive the session that asks for it", 403);
  }
  const claims = {
    iss: place.issuer,
    aud: audience.length === 1 ? audience[0] : audience,
    sub: caller.roleArn,
    iat,
    exp: iat + durationSeconds,
    jti: randomUUID(),
    "https://sts.amazonaws.com/": {
      aws_account: caller.roleArn.split(":")[4],
      source_region: place.region,
      principal_id: caller.roleArn,
      original_session_exp: iso(caller.expiresAtMillis),
      ...(Object.keys(caller.tags).length === 0 ? {} : { principal_tags: caller.tags }),
      ...(caller.functionArn === undefined ? {} : { lambda_source_function_arn: caller.functionArn }),
      ...(tags.length === 0 ? {} : { request_tags: Object.fromEntries(tags) }),
    },
  };
  return { WebIdentityToken: signToken(claims, key), Expiration: iso((iat + durationSeconds) * 1000) };
}

function signToken(claims: unknown, key: TokenKey): string {
  const header = { kid: key.kid, typ: "JWT", alg: key.algorithm };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const hash = key.algorithm === "ES384" ? "sha384" : "sha256";
  const signature = sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

function members(form: StsForm, list: string): string[] {
  const found: string[] = [];
  for (let index = 1; form.has(`${list}.member.${index}`); index += 1)
    found.push(form.get(`${list}.member.${index}`) ?? "");
  return found;
}

function readTags(form: StsForm): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 1; form.has(`Tags.member.${index}.Key`); index += 1) {
    found.push([form.get(`Tags.member.${index}.Key`) ?? "", form.get(`Tags.member.${index}.Value`) ?? ""]);
  }
  return found;
}

function answer(action: string, result: Record<string, string>): string {
  const fields = Object.entries(result).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;
  return `<${action}Response xmlns="${namespace}"><${action}Result>${fields.join("")}</${action}Result>${metadata}</${action}Response>`;
}

/** An error in the query protocol. */
export function stsError(code: string, message: string): string {
  const error = `<Error><Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return `<ErrorResponse xmlns="${namespace}">${error}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&'"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function iso(millis: number): string {
  return new Date(millis).toISOString().replace(/\.\d+Z$/, "Z");
}
