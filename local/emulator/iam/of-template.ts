/** Roles and managed policies that the template holds. */
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import { readPolicy } from "./policy.ts";
import type { Role, Roles } from "./roles.ts";

/** Puts every role and managed policy of the template into the book; throws on what cannot be evaluated in full. */
export function readRoles(cloud: Cloud, roles: Roles): void {
  for (const policy of cloud.ofType("AWS::IAM::ManagedPolicy")) {
    const { ref } = cloud.physical(policy);
    readPolicy(cloud.properties(policy).PolicyDocument, policy.logicalId);
    roles.policies.create(ref, JSON.stringify(cloud.properties(policy).PolicyDocument));
  }
  const byName = new Map<string, Role>();
  for (const resource of cloud.ofType("AWS::IAM::Role")) {
    const { ref, attributes } = cloud.physical(resource);
    const properties = cloud.properties(resource) as RoleProperties;
    const { Policies = [], ManagedPolicyArns = [], Tags = [], PermissionsBoundary, MaxSessionDuration } = properties;
    const role = roles.put({
      arn: attributes.Arn ?? "",
      trust: properties.AssumeRolePolicyDocument,
      policies: Policies.map(({ PolicyDocument }) => PolicyDocument),
      managedPolicyArns: ManagedPolicyArns,
      boundary: PermissionsBoundary,
      tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
      ...(MaxSessionDuration === undefined ? {} : { maxSessionSeconds: Number(MaxSessionDuration) }),
    });
    byName.set(ref, role);
  }
  for (const policy of cloud.ofType("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")) {
    const { PolicyDocument, Roles: names = [] } = cloud.properties(policy) as Json & { Roles?: string[] };
    for (const name of names) {
      const role = byName.get(name);
      if (role === undefined) throw new Error(`policy ${policy.logicalId} names role ${name}, which no stack holds`);
      if (policy.type === "AWS::IAM::ManagedPolicy") role.attached.add(cloud.physical(policy).ref);
      else role.inline = [...role.inline, ...readPolicy(PolicyDocument, policy.logicalId)];
    }
  }
}

interface RoleProperties {
  readonly AssumeRolePolicyDocument?: unknown;
  readonly Policies?: readonly Json[];
  readonly ManagedPolicyArns?: readonly string[];
  readonly PermissionsBoundary?: string;
  readonly MaxSessionDuration?: number | string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}
