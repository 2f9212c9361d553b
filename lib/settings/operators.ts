/** Who may call the admin URLs. The stage must name them, so that nobody is an operator by accident (threat 49). */
import { Aws } from "aws-cdk-lib";
import { type Duty, forOperators, functions } from "../../lambdas/manifest.ts";
import { type Check, list, optional, settings, text } from "./check.ts";
import type { Stage } from "./complete.ts";
import type { Operators } from "./props.ts";

/** Duties of operators, with one function for each. */
const duties: readonly Duty[] = forOperators.map((name) => functions[name].duty);

const name = "[A-Za-z0-9_+=,.@-]";
/** A role by path and name without wildcards; or every role that IAM Identity Center creates for one permission set. */
const role = `(${name}+/)*${name}{1,64}`;
const permissionSet = `aws-reserved/sso\\.amazonaws\\.com/\\*AWSReservedSSO_${name}{1,32}_\\*`;
const operator = text(
  new RegExp(`^(?=.{1,600}$)(arn:aws[a-z-]*:iam::\\d{12}:)?role/(${role}|${permissionSet})$`),
  "must be a role's ARN, role/<path and name> of this account, or role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_<permission set>_*",
);
const operators: Check<readonly string[]> = (given, at, wrong) => {
  if (Array.isArray(given) && given.length === 0) wrong.push(`${at}: must name at least one role`);
  return Array.isArray(given) && given.length === 0 ? [] : list(operator, 1, 50)(given, at, wrong);
};
/** Names of two characters or more, since the session of the role is called like the user (RoleSessionName, 2 to 64). */
const breakGlass = text(
  new RegExp(`^(?=.{1,512}$)(user/(${name}+/)*${name}{2,64}|role/${permissionSet})$`),
  "must be user/<path and name> of this account, or role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_<permission set>_*; no other role, since credentials of AssumeRole carry no second factor on and could never take the role that asks for one",
);
const byDuty = optional(
  settings({
    read: operators,
    write: operators,
    revoke: operators,
    rotate: operators,
    approve: optional(operators),
    kill: optional(list(breakGlass, 1, 20)),
  }),
);

/**
 * The setting: one list for all functions, or a list for each. Duty `kill` is of nobody unless it is named by
 * itself: whoever calls the functions daily does not write their tables with them. Who approves is named where the stage has approvals.
 */
export const operatorsSetting: Check<Operators | undefined> = (given, at, wrong) =>
  byDuty(Array.isArray(given) ? Object.fromEntries(duties.map((one) => [one, given])) : given, at, wrong);

/** What is wrong with the named roles, as messages about the stage's settings. */
export function operatorContradictions({
  name: stage,
  account,
  operators: named,
  approvals,
}: Pick<Stage, "name" | "account" | "operators" | "approvals">): string[] {
  if (named !== undefined && approvals && named.approve === undefined)
    return ["operators.approve: name the roles by which people approve; they sign with them and decide as themselves"];
  if (named === undefined)
    return stage === "dev"
      ? []
      : [
          "operators: name the roles that may call the admin URLs, one list for all or { read, write, revoke, rotate }; only stage dev lets everybody in whom IAM lets",
        ];
  return duties.flatMap((one) =>
    (named[one] ?? []).flatMap((arn) => {
      const [, , , , elsewhere] = arn.split(":");
      return account === undefined || elsewhere === undefined || elsewhere === account
        ? []
        : [`operators.${one}: ${arn} is of another account than ${account}; such a role reaches no function URL here`];
    }),
  );
}

/** The role's ARN, or its pattern, in the form that `aws:PrincipalArn` is compared with. */
export const operatorArn = (named: string): string =>
  named.startsWith("arn:") ? named : `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:${named}`;
