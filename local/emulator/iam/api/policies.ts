/** Managed policies and their versions, as IAM's API has them: what a writer of denials works with. */
import type { Form, QueryOperation, Result } from "../../query.ts";
import { ServiceError } from "../../service.ts";
import type { Caller } from "../caller.ts";
import { accountOf, roleIdOf, roleNameOf } from "../context.ts";
import { type ManagedPolicy, type PolicyVersion, versionOf } from "../managed.ts";
import type { Role, Roles } from "../roles.ts";
import { moment, needed, page, pathOf, policyArnOf, policyIn, right } from "./wants.ts";

const policyPath = /^(\/|\/[\x21-\x7e]{1,510}\/)$/;
const versionId = /^v[1-9]\d{0,9}$/;

const newArn = (form: Form, caller: Caller): string => {
  const path = needed(new Map([["Path", form.get("Path") ?? "/"]]), "Path", policyPath);
  return `arn:aws:iam::${accountOf(caller.roleArn)}:policy${path}${needed(form, "PolicyName", /^[\w+=,.@-]{1,128}$/)}`;
};

function described(policy: ManagedPolicy, roles: Roles): Result {
  const { attached, bounded } = roles.carriers(policy.arn);
  return {
    PolicyName: roleNameOf(policy.arn),
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: pathOf(policy.arn),
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: attached.length,
    PermissionsBoundaryUsageCount: bounded.length,
    IsAttachable: true,
    CreateDate: moment(policy.createdAtMillis),
    UpdateDate: moment(policy.updatedAtMillis),
  };
}

const versionResult = ({ defaultVersionId }: ManagedPolicy, { id, createdAtMillis }: PolicyVersion): Result => ({
  VersionId: id,
  IsDefaultVersion: id === defaultVersionId,
  CreateDate: moment(createdAtMillis),
});

/** Operations on policies. */
export function policyOperations(roles: Roles): Readonly<Record<string, QueryOperation>> {
  const { policies } = roles;
  const onPolicy = (action: string, call: (policy: ManagedPolicy, form: Form) => Result): QueryOperation => ({
    access: (form) => right(action, policyArnOf(form)),
    call: (form) => call(policyIn(form, roles), form),
  });
  return {
    CreatePolicy: {
      access: (form, caller) => right("CreatePolicy", newArn(form, caller)),
      call: (form, caller) => ({
        Policy: described(policies.create(newArn(form, caller), needed(form, "PolicyDocument")), roles),
      }),
    },
    GetPolicy: onPolicy("GetPolicy", (policy) => ({ Policy: described(policy, roles) })),
    DeletePolicy: onPolicy("DeletePolicy", (policy) => {
      const { attached, bounded } = roles.carriers(policy.arn);
      if (attached.length + bounded.length > 0)
        throw new ServiceError("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
      if (policy.versions.length > 1)
        throw new ServiceError(
          "DeleteConflict",
          "This policy has more than one version: delete the others first.",
          409,
        );
      policies.delete(policy);
      return {};
    }),
    GetPolicyVersion: onPolicy("GetPolicyVersion", (policy, form) => {
      const version = versionOf(policy, needed(form, "VersionId", versionId));
      const Document = encodeURIComponent(version.document);
      return { PolicyVersion: { Document, ...versionResult(policy, version) } };
    }),
    ListPolicyVersions: onPolicy("ListPolicyVersions", (policy, form) => {
      const newestFirst = [...policy.versions].reverse().map((version) => versionResult(policy, version));
      const { items, rest } = page(form, newestFirst);
      return { Versions: items, ...rest };
    }),
    CreatePolicyVersion: onPolicy("CreatePolicyVersion", (policy, form) => {
      const setAsDefault = form.get("SetAsDefault") === "true";
      const version = policies.addVersion(policy, needed(form, "PolicyDocument"), setAsDefault);
      return { PolicyVersion: versionResult(policy, version) };
    }),
    SetDefaultPolicyVersion: onPolicy("SetDefaultPolicyVersion", (policy, form) => {
      policies.setDefault(policy, needed(form, "VersionId", versionId));
      return {};
    }),
    DeletePolicyVersion: onPolicy("DeletePolicyVersion", (policy, form) => {
      policies.deleteVersion(policy, needed(form, "VersionId", versionId));
      return {};
    }),
    ListEntitiesForPolicy: onPolicy("ListEntitiesForPolicy", (policy, form) => entities(policy, form, roles)),
  };
}

function entities(policy: ManagedPolicy, form: Form, roles: Roles): Result {
  const { attached, bounded } = roles.carriers(policy.arn);
  const usage = form.get("PolicyUsageFilter");
  const [filter, prefix] = [form.get("EntityFilter") ?? "Role", form.get("PathPrefix") ?? "/"];
  const carrying =
    usage === "PermissionsBoundary" ? bounded : usage === undefined ? [...attached, ...bounded] : attached;
  const named = [...new Set<Role>(carrying)]
    .filter(({ arn }) => filter === "Role" && pathOf(arn).startsWith(prefix))
    .map(({ arn }) => ({ RoleName: roleNameOf(arn), RoleId: roleIdOf(arn) }));
  const { items, rest } = page(form, named);
  return { PolicyGroups: [], PolicyUsers: [], PolicyRoles: items, ...rest };
}
