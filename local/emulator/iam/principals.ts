/** Whom a statement of a resource's policy speaks of. */
import { many } from "./conditions.ts";
import type { Statement } from "./statement.ts";

/** Who asks, by every name that a policy may give it; no name at all is an anonymous caller. */
export interface Principal {
  /** Account of the caller; undefined when nobody in particular asks. */
  readonly account?: string;
  /** ARN of the role, its path included. */
  readonly roleArn?: string;
  /** `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`; undefined for a role that a service takes on. */
  readonly sessionArn?: string;
  /** ARN of the identity provider whose token was shown, for calls that nobody signs. */
  readonly federated?: string;
  /** Name of the AWS service that asks on its own behalf. */
  readonly service?: string;
}

/**
 * How a statement names the caller: `session` is itself or everybody, which nothing but an explicit deny limits; `role`
 * is its role, which boundary and session policies limit; `account` leaves it to the account's own policies.
 */
export type Naming = "session" | "role" | "account" | "none";

/** How the statement's `Principal` or `NotPrincipal` stands to the caller; "none" when the statement is of others. */
export function namingOf(statement: Statement, caller: Principal): Naming {
  // A denial of everybody but these spares nobody who is not named by every one of its names, as on AWS.
  if (statement.NotPrincipal !== undefined) return spared(statement.NotPrincipal, caller) ? "none" : "session";
  const { Principal: named } = statement;
  if (named === "*") return "session";
  const kinds = (named ?? {}) as Readonly<Record<string, string | readonly string[]>>;
  if (caller.federated !== undefined) return names(kinds.Federated, caller.federated) ? "session" : "none";
  if (caller.service !== undefined && names(kinds.Service, caller.service)) return "session";
  if (names(kinds.AWS, "*")) return "session";
  const { account, roleArn, sessionArn } = caller;
  if (sessionArn !== undefined && names(kinds.AWS, sessionArn)) return "session";
  if (roleArn !== undefined && names(kinds.AWS, roleArn)) return "role";
  return account !== undefined && accountNames(account).some((each) => names(kinds.AWS, each)) ? "account" : "none";
}

function spared(named: unknown, { account, roleArn, sessionArn, federated, service }: Principal): boolean {
  if (named === "*") return true;
  const kinds = named as Readonly<Record<string, string | readonly string[]>>;
  if (federated !== undefined) return names(kinds.Federated, federated);
  if (service !== undefined) return names(kinds.Service, service);
  if (account === undefined) return false;
  const byAccount = accountNames(account).some((each) => names(kinds.AWS, each));
  return byAccount && [roleArn, sessionArn].every((each) => each === undefined || names(kinds.AWS, each));
}

const names = (list: string | readonly string[] | undefined, one: string): boolean => many(list).includes(one);
const accountNames = (account: string): readonly string[] => [account, `arn:aws:iam::${account}:root`];
