/** Roles as IAM's API has them: read, trusted otherwise, given and taken policies and a boundary. */
import type { Form, QueryOperation, Result } from "../../query.ts";
import { ServiceError } from "../../service.ts";
import type { Workloads } from "../../workloads/workloads.ts";
import type { Caller } from "../caller.ts";
import { accountOf, roleIdOf, roleNameOf } from "../context.ts";
import { readPolicy } from "../policy.ts";
import type { Role, Roles } from "../roles.ts";
import { needed, page, pathOf, policyArnOf, policyIn, right, roleArnIn, roleIn, roleNameIn } from "./wants.ts";

/** Managed policies that a role may have, unless AWS was asked for more. */
const mostAttached = 10;

/** Operations on roles. */
export function roleOperations(roles: Roles, workloads: Workloads): Readonly<Record<string, QueryOperation>> {
  const onRole = (
    action: string,
    call: (role: Role, form: Form) => Result,
    keys: (form: Form) => Parameters<typeof right>[2] = () => ({}),
  ): QueryOperation => ({
    access: (form, caller) => right(action, roleArnIn(form, caller, roles), keys(form)),
    call: (form, caller) => call(roleIn(form, caller, roles), form),
  });
  const byPolicy = (form: Form) => ({ "iam:PolicyARN": policyArnOf(form) });
  return {
    GetRole: {
      access: (form, caller) => right("GetRole", told(form, caller)?.arn ?? roleArnIn(form, caller, roles)),
      call: (form, caller) => {
        const found = told(form, caller);
        if (found === undefined)
          throw new ServiceError("NoSuchEntity", `The role with name ${roleNameIn(form)} cannot be found.`, 404);
        return { Role: described(found) };
      },
    },
    UpdateAssumeRolePolicy: onRole("UpdateAssumeRolePolicy", (role, form) => {
      role.trust = readTrust(needed(form, "PolicyDocument"), role.arn);
      return {};
    }),
    AttachRolePolicy: onRole("AttachRolePolicy", (role, form) => attach(role, policyIn(form, roles).arn), byPolicy),
    DetachRolePolicy: onRole("DetachRolePolicy", (role, form) => detach(role, policyArnOf(form)), byPolicy),
    ListAttachedRolePolicies: onRole("ListAttachedRolePolicies", ({ attached }, form) => {
      const named = [...attached].map((PolicyArn) => ({ PolicyName: roleNameOf(PolicyArn), PolicyArn }));
      const { items, rest } = page(form, named);
      return { AttachedPolicies: items, ...rest };
    }),
    PutRolePermissionsBoundary: onRole(
      "PutRolePermissionsBoundary",
      (role, form) => {
        role.boundary = policyIn(asPolicy(form), roles).arn;
        return {};
      },
      (form) => ({ "iam:PermissionsBoundary": needed(form, "PermissionsBoundary") }),
    ),
    DeleteRolePermissionsBoundary: onRole("DeleteRolePermissionsBoundary", (role) => {
      role.boundary = undefined;
      return {};
    }),
  };

  /** A role that came with a workload is in the book for its rights alone; the workload knows its trust. */
  function told(form: Form, caller: Caller): Told | undefined {
    const name = roleNameIn(form);
    const ours = roles.named(accountOf(caller.roleArn), name);
    return ours?.trust === undefined ? workloads.role(name) : ours;
  }
}

type Told = Pick<Role, "arn" | "trust"> & Partial<Role>;

const asPolicy = (form: Form): Form => new Map([["PolicyArn", form.get("PermissionsBoundary") ?? ""]]);

function described({ arn, trust, boundary, tags = {}, maxSessionSeconds = 3_600 }: Told): Result {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    Path: pathOf(arn),
    RoleName: roleNameOf(arn),
    RoleId: roleIdOf(arn),
    Arn: arn,
    CreateDate: "2026-01-01T00:00:00Z",
    AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(trust)),
    MaxSessionDuration: maxSessionSeconds,
    ...(boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundary } }),
    ...(Tags.length === 0 ? {} : { Tags }),
  };
}

function attach({ attached }: Role, arn: string): Result {
  if (!attached.has(arn) && attached.size >= mostAttached)
    throw new ServiceError("LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${mostAttached}`, 409);
  attached.add(arn);
  return {};
}

function detach({ attached }: Role, arn: string): Result {
  if (!attached.delete(arn)) throw new ServiceError("NoSuchEntity", `Policy ${arn} was not found.`, 404);
  return {};
}

function readTrust(document: string, where: string): unknown {
  try {
    readPolicy(document, where);
    return JSON.parse(document) as unknown;
  } catch (thrown) {
    throw new ServiceError("MalformedPolicyDocument", thrown instanceof Error ? thrown.message : String(thrown));
  }
}
