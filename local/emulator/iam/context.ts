/** Condition keys that every request carries, whatever the service: who asks, when, and of which resource. */
import { uniqueId } from "../cloudformation/physical.ts";
import { contextOf } from "../service.ts";
import type { RoleSession } from "./caller.ts";
import type { Context } from "./policy.ts";

/** The last part of a role's ARN: its name without path. */
export const roleNameOf = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf("/") + 1);

/** Account in an ARN; empty where the ARN names none. */
export const accountOf = (arn: string): string => arn.split(":", 5)[4] ?? "";

/** The role's unique id, as STS, IAM and function URLs tell it. */
export const roleIdOf = (roleArn: string): string => uniqueId("AROA", `${accountOf(roleArn)}/${roleNameOf(roleArn)}`);

/** Whether whoever calls is a user, and no session of a role. */
export const isUser = (arn: string): boolean => /^arn:aws:iam::\d+:user\//.test(arn);

/** ARN of a role's session; the role's path is lost, as on AWS. Of a user its own. */
export const sessionArnOf = ({ roleArn, sessionName }: Pick<RoleSession, "roleArn" | "sessionName">): string =>
  isUser(roleArn) ? roleArn : `arn:aws:sts::${accountOf(roleArn)}:assumed-role/${roleNameOf(roleArn)}/${sessionName}`;

/** The session's id, which is also `aws:userid`. */
export const sessionIdOf = ({ roleArn, sessionName }: Pick<RoleSession, "roleArn" | "sessionName">): string =>
  isUser(roleArn) ? uniqueId("AIDA", roleArn) : `${roleIdOf(roleArn)}:${sessionName}`;

/** A session as far as requests tell of it. */
export type ContextSession = Pick<
  RoleSession,
  "roleArn" | "sourceIdentity" | "federatedProvider" | "federatedKeys" | "functionArn"
> & {
  /** Absent for a role that a service takes on by itself. */
  readonly sessionName?: string;
  readonly issuedAtMillis?: number;
};

/**
 * Keys of the caller.
 * @param tags its tags: the role's, overridden by the session's
 */
export function principalContext(session: ContextSession, tags: Readonly<Record<string, string>>): Context {
  const { roleArn, sessionName, sourceIdentity, federatedProvider, federatedKeys, functionArn, issuedAtMillis } =
    session;
  return contextOf({
    "aws:PrincipalArn": roleArn,
    "aws:PrincipalAccount": accountOf(roleArn),
    "aws:PrincipalType": isUser(roleArn) ? "User" : "AssumedRole",
    "aws:username": isUser(roleArn) ? roleNameOf(roleArn) : undefined,
    "aws:userid": sessionName === undefined ? undefined : sessionIdOf({ roleArn, sessionName }),
    "aws:SourceIdentity": sourceIdentity,
    "aws:FederatedProvider": federatedProvider,
    "aws:TokenIssueTime": issuedAtMillis === undefined ? undefined : isoSeconds(issuedAtMillis),
    "lambda:SourceFunctionArn": functionArn,
    ...federatedKeys,
    ...prefixed("aws:PrincipalTag", tags),
  });
}

/** What is known of every request. */
interface RequestFacts {
  readonly nowMillis: number;
  readonly region: string | undefined;
  /** Account of the resource. */
  readonly owner: string | undefined;
}

/** Those of the second that is now, by Region and owner: a busy cloud is asked a thousand times in it. */
const known = { second: -1, contexts: new Map<string, Context>() };

/** Keys of the request itself. */
export function requestContext(facts: RequestFacts): Context {
  const second = Math.floor(facts.nowMillis / 1000);
  if (second !== known.second) known.contexts.clear();
  known.second = second;
  const name = `${facts.region} ${facts.owner}`;
  const found = known.contexts.get(name) ?? freshContext(facts);
  known.contexts.set(name, found);
  return found;
}

function freshContext({ nowMillis, region, owner }: RequestFacts): Context {
  return contextOf({
    "aws:CurrentTime": isoSeconds(nowMillis),
    "aws:EpochTime": String(Math.floor(nowMillis / 1000)),
    "aws:PrincipalIsAWSService": "false",
    "aws:RequestedRegion": region,
    "aws:ResourceAccount": owner,
    // Loopback stands for TLS here: a policy that asks for TLS is not what is being tested.
    "aws:SecureTransport": "true",
  });
}

/** Keys of tags: `aws:PrincipalTag/Team` and the like. */
export const prefixed = (prefix: string, tags: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

/** A time as AWS writes it, to the second. */
export const isoSeconds = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, "Z");
