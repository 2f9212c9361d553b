/**
 * GetWebIdentityToken (IAM outbound identity federation), the workload's own document. The claims have the shape that AWS
 * documents and that live tokens were seen to have.
 */
import { randomUUID, sign } from "node:crypto";
import type { Caller } from "../iam/caller.ts";
import { isoSeconds, prefixed } from "../iam/context.ts";
import { type Form, members, type Result, readTags } from "../query.ts";
import { type Access, contextOf, ServiceError } from "../service.ts";
import type { TokenKey } from "./issuer.ts";

/** What the tokens say about this place. */
export interface TokenPlace {
  readonly issuer: string;
  readonly region: string;
  readonly keys: readonly TokenKey[];
  readonly nowMillis: () => number;
}

/** Rights that the call needs; both actions are on no resource in particular. */
export function accessOfWebIdentityToken(form: Form): Access[] {
  const tags = readTags(form);
  const context = contextOf({
    "sts:IdentityTokenAudience": members(form, "Audience"),
    "sts:DurationSeconds": form.get("DurationSeconds") ?? "300",
    "sts:SigningAlgorithm": form.get("SigningAlgorithm"),
    "aws:TagKeys": tags.map(([key]) => key),
    ...prefixed("aws:RequestTag", Object.fromEntries(tags)),
  });
  const actions = tags.length === 0 ? ["GetWebIdentityToken"] : ["GetWebIdentityToken", "TagGetWebIdentityToken"];
  return actions.map((action) => ({ action: `sts:${action}`, resource: "*", context }));
}

/** Signs the document, once the call was allowed. */
export function webIdentityToken(form: Form, caller: Caller, place: TokenPlace): Result {
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
  const nowMillis = place.nowMillis();
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
      original_session_exp: isoSeconds(caller.expiresAtMillis),
      ...(Object.keys(caller.tags).length === 0 ? {} : { principal_tags: caller.tags }),
      ...(caller.sourceIdentity === undefined ? {} : { source_identity: caller.sourceIdentity }),
      ...(caller.federatedProvider === undefined ? {} : { federated_provider: caller.federatedProvider }),
      ...(caller.functionArn === undefined ? {} : { lambda_source_function_arn: caller.functionArn }),
      ...(tags.length === 0 ? {} : { request_tags: Object.fromEntries(tags) }),
    },
  };
  return { WebIdentityToken: signToken(claims, key), Expiration: isoSeconds((iat + durationSeconds) * 1000) };
}

function signToken(claims: unknown, key: TokenKey): string {
  const header = { kid: key.kid, typ: "JWT", alg: key.algorithm };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const hash = key.algorithm === "ES384" ? "sha384" : "sha256";
  const signature = sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}
