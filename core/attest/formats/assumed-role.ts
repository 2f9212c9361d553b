import { err, ok, type Result } from "../../model/result.ts";

/** A caller as STS and function URLs name it. */
export interface NamedCaller {
  readonly arn: string;
  readonly userId: string;
  readonly account: string;
}

/** A session of an assumed role, read from its ARN. */
interface AssumedRole {
  readonly partition: string;
  readonly account: string;
  /** The role's ARN without its path, which STS omits. */
  readonly roleArn: string;
  readonly name: string;
  readonly sessionName: string;
}

/**
 * Role name 1 to 64, session name 2 to 64 characters; a session name contains no slash, so the last slash ends the
 * role.
 */
const assumedRole =
  /^arn:(aws(?:-[a-z]+)*):sts::([0-9]{12}):assumed-role\/((?:[\x21-\x2e\x30-\x7e]+\/)*)([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/;

/**
 * Parses `arn:aws:sts::<account>:assumed-role/<role>/<session>`; undefined for users, federated users and the root
 * user.
 */
export function parseAssumedRole(arn: string): AssumedRole | undefined {
  const [, partition, account, path, name, sessionName] = (arn.length <= 2048 && assumedRole.exec(arn)) || [];
  if (partition === undefined || account === undefined || path === undefined) return undefined;
  if (name === undefined || sessionName === undefined) return undefined;
  // to IAM `a/../b` is a name like any other, but a program that resolves it reads another role. Wildcards are in no
  // role's name
  const segments = [...path.split("/"), name];
  if (segments.some((s) => s === "." || s === "..") || /[*?]/.test(path)) return undefined;
  return { partition, account, roleArn: `arn:${partition}:iam::${account}:role/${path}${name}`, name, sessionName };
}

/** Facts of a caller whom AWS authenticated. */
export const callerFacts = ["account", "roleArn", "roleId", "sessionName"] as const;

/**
 * Turns a caller that AWS authenticated into facts. Only workloads: users, federated users, the root user and the roles
 * of IAM Identity Center (people) are refused. The role's unique id (`AROA…`) distinguishes a role from one that was
 * created later under the same name.
 * @param partition the partition the caller must belong to
 * @returns `account`, `roleArn` (without its path), `roleId`, `sessionName`; or why not
 */
export function roleFacts(
  caller: NamedCaller,
  partition: string,
): Result<Readonly<Record<(typeof callerFacts)[number], string>>, { readonly check: string; readonly why: string }> {
  const role = parseAssumedRole(caller.arn);
  if (!role) return err({ check: "subject", why: "the caller is not a session of a role" });
  if (/(?:^|\/)aws-reserved\//.test(role.roleArn) || role.name.startsWith("AWSReservedSSO_"))
    return err({ check: "subject", why: "the role is a person's, not a workload's" });
  if (role.partition !== partition) return err({ check: "account", why: "the role is of another partition" });
  if (role.account !== caller.account) return err({ check: "account", why: "account and ARN do not agree" });
  const [, roleId, session] = /^(AROA[A-Z0-9]{12,124}):([\w+=,.@-]{2,64})$/.exec(caller.userId) ?? [];
  if (roleId === undefined) return err({ check: "unique-id", why: "the unique id is not a role's" });
  if (session !== role.sessionName)
    return err({ check: "unique-id", why: "unique id and ARN name different sessions" });
  const { account, roleArn, sessionName } = role;
  return ok({ account, roleArn, roleId, sessionName });
}
