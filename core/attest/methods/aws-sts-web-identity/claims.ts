import type { JWTPayload } from "jose";
import type { TrustedIssuerRegistration } from "../../../model/registry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { parseFunctionArn, parseRoleArn } from "../../../text/role-arn.ts";
import { parseBoundedStrings } from "./string-map.ts";

const namespace = "https://sts.amazonaws.com/";

/**
 * What a GetWebIdentityToken document says about the workload, checked for agreement with one another and with the
 * registered issuer.
 */
export interface StsClaims {
  readonly facts: Readonly<Record<string, string>>;
  /** Tags of the principal; session tags replace the role's own. */
  readonly principalTags: Readonly<Record<string, string>>;
  /** Chosen by the caller: for binding only, never for a decision. */
  readonly requestTags: Readonly<Record<string, string>>;
}

/** What is wrong with a document's claims. */
interface ClaimFault {
  readonly check: string;
  readonly why: string;
}

const fault = (check: string, why: string) => err<ClaimFault>({ check, why });

/**
 * Reads the claims of a GetWebIdentityToken document whose signature is good (IAM user guide, "Understanding token
 * claims"). Only roles are workloads: people (IAM users, IAM Identity Center, `OriginIdentity` subjects) and the root
 * user are refused. The account must be the same everywhere: the registration, `aws_account`, `sub`, `principal_id`,
 * the function's ARN.
 */
export function readStsClaims(payload: JWTPayload, issuer: TrustedIssuerRegistration): Result<StsClaims, ClaimFault> {
  const said = payload[namespace];
  if (typeof said !== "object" || said === null || Array.isArray(said)) return fault("claims", "no STS claims");
  const claims = said as Readonly<Record<string, unknown>>;
  const role = readRole(payload, claims);
  if (!role.ok) return role;
  const account = readAccount(role.value, claims, issuer);
  if (!account.ok) return account;
  const place = readPlace(claims, issuer, account.value);
  if (!place.ok) return place;
  const principalTags = parseBoundedStrings(claims.principal_tags);
  const requestTags = parseBoundedStrings(claims.request_tags);
  if (!principalTags || !requestTags) return fault("tags", "tags are not a map of strings");
  return ok({
    facts: { issuer: issuer.issuer, account: account.value, roleArn: role.value, ...place.value },
    principalTags,
    requestTags,
  });
}

function readRole(payload: JWTPayload, claims: Readonly<Record<string, unknown>>): Result<string, ClaimFault> {
  // with SubjectMode=OriginIdentity, `sub` is the party the workload acts for, not the workload
  if (Object.hasOwn(payload, "subject_mode") || Object.hasOwn(claims, "subject_mode"))
    return fault("subject", "the token is about an origin identity");
  const { sub } = payload;
  const role = sub === undefined ? undefined : parseRoleArn(sub);
  if (sub === undefined || !role) return fault("subject", "sub is not the ARN of a role");
  if (claims.principal_id !== undefined && claims.principal_id !== sub)
    return fault("subject", "principal_id is not the role in sub");
  if (role.name.startsWith("aws-reserved/") || claims.identity_store_user_id !== undefined)
    return fault("subject", "the role is a person's, not a workload's");
  return ok(sub);
}

function readAccount(
  roleArn: string,
  claims: Readonly<Record<string, unknown>>,
  issuer: TrustedIssuerRegistration,
): Result<string, ClaimFault> {
  const { account } = issuer;
  if (account === undefined) return fault("account", "the issuer is registered without an account");
  // an issuer's URL does not contain its account, so registration, claim and ARN must all name the same
  if (claims.aws_account !== account) return fault("account", "aws_account is not the issuer's");
  if (parseRoleArn(roleArn)?.account !== account) return fault("account", "the role is of another account");
  if (issuer.organization !== undefined && claims.org_id !== issuer.organization)
    return fault("organization", "org_id is not the registered one");
  return ok(account);
}

function readPlace(
  claims: Readonly<Record<string, unknown>>,
  issuer: TrustedIssuerRegistration,
  account: string,
): Result<Record<string, string>, ClaimFault> {
  const {
    org_id: organization,
    ou_path: path,
    source_region: region,
    lambda_source_function_arn: functionArn,
  } = claims;
  // documented as a string, but sent as an array
  const paths = path === undefined ? [] : Array.isArray(path) ? path : [path];
  if (!paths.every((p) => typeof p === "string")) return fault("claims", "ou_path is not text");
  if (organization !== undefined && typeof organization !== "string") return fault("claims", "org_id is not text");
  if (region !== undefined && typeof region !== "string") return fault("claims", "source_region is not text");
  const facts: Record<string, string> = {};
  if (issuer.organization !== undefined) facts.organization = issuer.organization;
  if (region !== undefined) facts.sourceRegion = region;
  if (functionArn === undefined) return ok(facts);
  const parsed = typeof functionArn === "string" ? parseFunctionArn(functionArn) : undefined;
  if (!parsed || parsed.account !== account) return fault("account", "the function is not of this account");
  return ok({ ...facts, functionArn: String(functionArn) });
}
