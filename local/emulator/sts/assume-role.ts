/** AssumeRole: the session of a role for whoever the role trusts, chained or not. */
import type { Caller, RoleSession } from "../iam/caller.ts";
import { isUser, prefixed } from "../iam/context.ts";
import type { Form, Result } from "../query.ts";
import { type Access, contextOf, ServiceError } from "../service.ts";
import { factorKeys } from "./factor.ts";
import { leastTokenBytesOf, lifeOf, openSession, type SessionGround, sessionPolicyOf } from "./sessions.ts";
import { arnShape, externalIdShape, nameShape, needed, passedTags, text } from "./wants.ts";

/** A request of AssumeRole, well formed. */
interface Asked {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  /** The request's, or the one that the caller's session carries already. */
  readonly sourceIdentity: string | undefined;
  /** Tags of the request. */
  readonly tags: readonly (readonly [string, string])[];
  readonly transitiveTagKeys: readonly string[];
  /** Tags that pass on from the caller's session. */
  readonly inherited: readonly (readonly [string, string])[];
}

function read(form: Form, caller: Caller): Asked {
  const { tags, transitiveTagKeys } = passedTags(form);
  const passing = new Set((caller.transitiveTagKeys ?? []).map((key) => key.toLowerCase()));
  const inherited = Object.entries(caller.tags).filter(([key]) => passing.has(key.toLowerCase()));
  const twice = tags.find(([key]) => passing.has(key.toLowerCase()));
  if (twice !== undefined)
    throw new ServiceError(
      "InvalidParameterValue",
      `the session tag ${twice[0]} is inherited and cannot be overridden`,
    );
  const asked = text(form, "SourceIdentity", nameShape);
  // Who stands behind a chain is said once: whoever is in the middle of it can name nobody else.
  if (asked !== undefined && caller.sourceIdentity !== undefined && asked !== caller.sourceIdentity)
    throw new ServiceError("AccessDenied", "The source identity of a session cannot be changed.", 403);
  return {
    roleArn: needed(form, "RoleArn", arnShape),
    sessionName: needed(form, "RoleSessionName", nameShape),
    externalId: text(form, "ExternalId", externalIdShape),
    sourceIdentity: asked ?? caller.sourceIdentity,
    tags,
    transitiveTagKeys,
    inherited,
  };
}

/** Rights that the call needs: each of its three actions has condition keys of its own. */
export function accessOfAssumeRole(form: Form, caller: Caller, ground: SessionGround): Access[] {
  const { roleArn, sessionName, externalId, sourceIdentity, tags, transitiveTagKeys, inherited } = read(form, caller);
  const ofRole = ground.roles.tags(roleArn);
  const resourceTags = { ...prefixed("aws:ResourceTag", ofRole), ...prefixed("iam:ResourceTag", ofRole) };
  const tagging = {
    "aws:TagKeys": tags.length === 0 ? undefined : tags.map(([key]) => key),
    "sts:TransitiveTagKeys": transitiveTagKeys.length === 0 ? undefined : transitiveTagKeys,
    ...prefixed("aws:RequestTag", Object.fromEntries(tags)),
  };
  const naming = { "sts:SourceIdentity": sourceIdentity };
  const own = { "sts:RoleSessionName": sessionName, "sts:ExternalId": externalId };
  const access = (action: string, keys: Parameters<typeof contextOf>[0]): Access => ({
    action: `sts:${action}`,
    resource: roleArn,
    context: contextOf({ ...resourceTags, ...keys }),
  });
  return [
    access("AssumeRole", { ...own, ...tagging, ...naming, ...factorKeys(form, caller, ground) }),
    ...(tags.length + inherited.length === 0 ? [] : [access("TagSession", tagging)]),
    ...(sourceIdentity === undefined ? [] : [access("SetSourceIdentity", naming)]),
  ];
}

/** Opens the session, once the call was allowed. */
export function assumeRole(form: Form, caller: Caller, ground: SessionGround): Result {
  const { roleArn, sessionName, sourceIdentity, tags, transitiveTagKeys, inherited } = read(form, caller);
  const role = ground.roles.get(roleArn);
  if (role === undefined) throw new Error(`role ${roleArn} was allowed and is not there`);
  const lifeSeconds = lifeOf(form, role.maxSessionSeconds, !isUser(caller.roleArn));
  const sessionPolicies = sessionPolicyOf(form, roleArn, ground.roles);
  const session: RoleSession = {
    roleArn,
    sessionName,
    tags: Object.fromEntries([...inherited, ...tags]),
    transitiveTagKeys: [...inherited.map(([key]) => key), ...transitiveTagKeys],
    sessionPolicies,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
  const { credentials, size, arn, id } = openSession(session, ground, {
    lifeSeconds,
    leastTokenBytes: leastTokenBytesOf(form),
  });
  return {
    Credentials: credentials,
    AssumedRoleUser: { AssumedRoleId: id, Arn: arn },
    PackedPolicySize: size.SessionTokenUtilization,
    ...size,
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}
