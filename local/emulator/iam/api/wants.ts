/** What IAM takes of a request's members, and what many of its operations have in common. */
import { accountOf, isoSeconds } from "../../iam/context.ts";
import type { Form, Result } from "../../query.ts";
import { type Access, contextOf, ServiceError } from "../../service.ts";
import type { Caller } from "../caller.ts";
import type { ManagedPolicy } from "../managed.ts";
import { type Role, type Roles, roleNamed } from "../roles.ts";

/** A member that must be there; throws `ValidationError`. */
export function needed(form: Form, name: string, pattern = /^[\s\S]+$/): string {
  const value = form.get(name) ?? "";
  if (!pattern.test(value))
    throw new ServiceError("ValidationError", `Value at '${name}' is missing or not well formed`);
  return value;
}

/** ARN of a policy in a request. */
export const policyArnOf = (form: Form): string =>
  needed(form, "PolicyArn", /^arn:aws:iam::(\d{12}|aws):policy\/[\x21-\x7e]{1,640}$/);
/** Name of a role in a request. */
export const roleNameIn = (form: Form): string => needed(form, "RoleName", /^[\w+=,.@-]{1,64}$/);

/** The right to one action on one resource. */
export const right = (action: string, resource: string, keys: Parameters<typeof contextOf>[0] = {}): Access[] => [
  { action: `iam:${action}`, resource, context: contextOf(keys) },
];

/** The role that a request names in the caller's account; under its name alone when it is not there, as on AWS. */
export const roleArnIn = (form: Form, caller: Caller, roles: Roles): string => {
  const account = accountOf(caller.roleArn);
  const name = roleNameIn(form);
  return roles.named(account, name)?.arn ?? `arn:aws:iam::${account}:role/${name}`;
};

/** The role itself; throws `NoSuchEntity`. */
export const roleIn = (form: Form, caller: Caller, roles: Roles): Role =>
  roleNamed(roles, accountOf(caller.roleArn), roleNameIn(form));

/** The policy that a request names; throws `NoSuchEntity`. */
export function policyIn(form: Form, { policies }: Roles): ManagedPolicy {
  const arn = policyArnOf(form);
  const found = policies.get(arn);
  if (found === undefined)
    throw new ServiceError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`, 404);
  return found;
}

/** Path in an ARN: what stands between its kind and its name. */
export const pathOf = (arn: string): string => arn.slice(arn.indexOf("/"), arn.lastIndexOf("/") + 1);

/** A moment as IAM writes it. */
export const moment = isoSeconds;

const mostItems = 1_000;
const usualItems = 100;

/** One page of a list: `MaxItems` from `Marker` on. */
export function page(
  form: Form,
  list: readonly Result[],
): { readonly items: readonly Result[]; readonly rest: Result } {
  const most = Number(
    needed(new Map([["MaxItems", form.get("MaxItems") ?? String(usualItems)]]), "MaxItems", /^\d{1,4}$/),
  );
  const from = Number(needed(new Map([["Marker", form.get("Marker") ?? "0"]]), "Marker", /^\d{1,6}$/));
  if (most < 1 || most > mostItems)
    throw new ServiceError("ValidationError", `MaxItems must be from 1 to ${mostItems}`);
  const end = from + most;
  const isTruncated = end < list.length;
  return {
    items: list.slice(from, end),
    rest: { IsTruncated: isTruncated, ...(isTruncated ? { Marker: String(end) } : {}) },
  };
}
