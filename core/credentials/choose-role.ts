import type { Denial } from "../denial/denial.ts";
import type { AwsRoleRegistration } from "../model/aws-role.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { parseRoleArn } from "../text/role-arn.ts";

/** Who asks for which role of a resource. */
interface Wanted {
  readonly agent: string;
  readonly grant: Grant;
  readonly role?: string;
}

/** A role and the account it is in. */
export interface ChosenRole {
  readonly role: AwsRoleRegistration;
  readonly account: string;
}

/**
 * Chooses the role that stands for a resource. Roles that map every scope go before those that do not; between several
 * that do, the caller must choose.
 * @param accounts those whose roles the stage lends; the function's own rights end there, too
 * @returns the role, or `aws_role_missing`, `aws_role_several`, `aws_account_unlisted`
 */
export function chooseRole(
  { agent, grant, role }: Wanted,
  registry: Pick<RegistrySnapshot, "awsRoles">,
  accounts: readonly string[],
): Result<ChosenRole, Denial> {
  const { resource, scopes } = grant;
  const named = registry.awsRoles(agent, resource).filter(({ name }) => role === undefined || name === role);
  const covering = named.filter(({ grants }) => scopes.every((scope) => grants.some((one) => one.scope === scope)));
  const [chosen, ...others] = covering.length > 0 ? covering : named;
  if (!chosen) return err({ code: "aws_role_missing", agent, resource, ...(role === undefined ? {} : { role }) });
  if (others.length > 0)
    return err({ code: "aws_role_several", resource, roles: [chosen, ...others].map(({ name }) => name) });
  const account = parseRoleArn(chosen.arn)?.account ?? "";
  return accounts.includes(account)
    ? ok({ role: chosen, account })
    : err({ code: "aws_account_unlisted", role: chosen.name, account });
}
