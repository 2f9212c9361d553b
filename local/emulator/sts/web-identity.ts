/** AssumeRoleWithWebIdentity: the session of a role for whoever shows a token of an identity provider; nobody signs it. */
import type { RoleSession } from "../iam/caller.ts";
import { accountOf, prefixed } from "../iam/context.ts";
import { type IdentityProviders, issuerNameOf } from "../iam/providers.ts";
import type { Form, Result } from "../query.ts";
import { type Access, contextOf, ServiceError } from "../service.ts";
import { type IdentityClaims, verifyIdentityToken } from "./identity-token.ts";
import { leastTokenBytesOf, lifeOf, openSession, type SessionGround, sessionPolicyOf } from "./sessions.ts";
import { sourceIdentityOf, tagsOf } from "./token-claims.ts";
import { arnShape, invalid, nameShape, needed, type PassedTags } from "./wants.ts";

/** What the operation is decided by. */
export interface FederationGround extends SessionGround {
  readonly providers: IdentityProviders;
  /** Issuer of GetWebIdentityToken, whose tokens open no session. */
  readonly issuer: string;
  /** Why whoever shows a token of this provider may not; undefined when it may. */
  readonly refusal: (providerArn: string, access: Access) => string | undefined;
}

const tokenShape = { least: 4, most: 20_000, pattern: /^[\s\S]*$/ };

/** Opens the session; the role's trust policy alone decides, by what the token says. */
export async function assumeRoleWithWebIdentity(form: Form, ground: FederationGround): Promise<Result> {
  const roleArn = needed(form, "RoleArn", arnShape);
  const sessionName = needed(form, "RoleSessionName", nameShape);
  const token = needed(form, "WebIdentityToken", tokenShape);
  if (form.has("ProviderId")) throw invalid("ProviderId is of OAuth 2.0 access tokens, which are not taken here");
  // A provider is good for the roles of its own account alone.
  const providerOf = (issuer: string) =>
    issuer === ground.issuer ? undefined : ground.providers.of(accountOf(roleArn), issuer);
  const { claims, provider } = await verifyIdentityToken(token, providerOf, ground.nowMillis());
  const passed = tagsOf(claims.all);
  const sourceIdentity = sourceIdentityOf(claims.all);
  const federatedKeys = keysOf(claims);
  for (const access of accesses({ roleArn, sessionName, sourceIdentity, passed, federatedKeys })) {
    if (ground.refusal(provider.arn, access) !== undefined)
      throw new ServiceError("AccessDenied", `Not authorized to perform ${access.action}`, 403);
  }
  const role = ground.roles.get(roleArn);
  if (role === undefined) throw new Error(`role ${roleArn} was allowed and is not there`);
  const lifeSeconds = lifeOf(form, role.maxSessionSeconds, false);
  const session: RoleSession = {
    roleArn,
    sessionName,
    tags: Object.fromEntries(passed.tags),
    transitiveTagKeys: passed.transitiveTagKeys,
    sessionPolicies: sessionPolicyOf(form, roleArn, ground.roles),
    federatedProvider: provider.arn,
    federatedKeys,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
  const { credentials, size, arn, id } = openSession(session, ground, {
    lifeSeconds,
    leastTokenBytes: leastTokenBytesOf(form),
  });
  return {
    Credentials: credentials,
    SubjectFromWebIdentityToken: claims.sub,
    AssumedRoleUser: { AssumedRoleId: id, Arn: arn },
    PackedPolicySize: size.SessionTokenUtilization,
    ...size,
    Provider: claims.iss,
    Audience: claims.audience,
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

/** Claims that policies may ask for, then and in the session: audience, subject and how the login was done. */
function keysOf({ iss, sub, audience, all }: IdentityClaims): Readonly<Record<string, string | readonly string[]>> {
  const name = issuerNameOf(iss);
  const amr = [all.amr ?? []].flat().filter((each): each is string => typeof each === "string");
  return { [`${name}:aud`]: audience, [`${name}:sub`]: sub, ...(amr.length === 0 ? {} : { [`${name}:amr`]: amr }) };
}

interface Asked {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sourceIdentity: string | undefined;
  readonly passed: PassedTags;
  readonly federatedKeys: Parameters<typeof contextOf>[0];
}

function accesses({ roleArn, sessionName, sourceIdentity, passed, federatedKeys }: Asked): Access[] {
  const { tags, transitiveTagKeys } = passed;
  const tagging = {
    "aws:TagKeys": tags.length === 0 ? undefined : tags.map(([key]) => key),
    "sts:TransitiveTagKeys": transitiveTagKeys.length === 0 ? undefined : transitiveTagKeys,
    ...prefixed("aws:RequestTag", Object.fromEntries(tags)),
  };
  const naming = { "sts:SourceIdentity": sourceIdentity };
  const access = (action: string, keys: Parameters<typeof contextOf>[0]): Access => ({
    action: `sts:${action}`,
    resource: roleArn,
    context: contextOf({ ...federatedKeys, ...keys }),
  });
  return [
    access("AssumeRoleWithWebIdentity", { "sts:RoleSessionName": sessionName, ...tagging, ...naming }),
    ...(tags.length === 0 ? [] : [access("TagSession", tagging)]),
    ...(sourceIdentity === undefined ? [] : [access("SetSourceIdentity", naming)]),
  ];
}
