/** Who may do what: one place that every call asks, whichever service it is for. */
import type { Cloud } from "../cloudformation/template.ts";
import { type Access, contextOf } from "../service.ts";
import type { Caller } from "./caller.ts";
import { type Asking, type Deciding, decide, decideOutside, policyOf } from "./decide.ts";
import { readRoles } from "./of-template.ts";
import { readPolicy, type Statement } from "./policy.ts";
import { readResourcePolicies } from "./resource-policies.ts";
import { openRoles, type Roles } from "./roles.ts";

/** Decides calls. */
export interface Permissions {
  /** Roles and managed policies as they count now. */
  readonly roles: Roles;
  /** Why the caller may not, in IAM's words; undefined when it may. */
  refusal(caller: Caller, access: Access): string | undefined;
  /** The same, were this the policy of the resource. */
  refusalUnder(document: unknown, caller: Caller, access: Access): string | undefined;
  /** The same for a role that a service takes on (a rule's, a mapping's). */
  roleRefusal(roleArn: string, access: Access): string | undefined;
  /** Why nobody in particular may: for what only the resource's own policy can allow. */
  anonymousRefusal(access: Access): string | undefined;
  /** Why whoever shows a token of this identity provider may not. */
  federatedRefusal(providerArn: string, access: Access): string | undefined;
  /** The policy of a resource as it counts now. */
  resourcePolicy(arn: string): readonly Statement[] | undefined;
  /** Gives a resource that came after the template its policy; throws on one that cannot be evaluated in full. */
  setResourcePolicy(arn: string, document: unknown): void;
  /** Gives a role that the template does not hold its identity policy. */
  addRole(roleArn: string, document: unknown): void;
}

/**
 * Reads every policy of the template.
 * @returns the decisions; throws on a policy that the evaluator cannot evaluate in full
 */
export function openPermissions(cloud: Cloud, nowMillis: () => number = Date.now): Permissions {
  const roles = openRoles(nowMillis);
  readRoles(cloud, roles);
  const ofResources = readResourcePolicies(cloud);
  const ground: Deciding = { roles, ofResources, home: cloud.resources[0]?.stack, nowMillis };
  const asks = (asking: Asking, access: Access) => decide(ground, { asking, access, policy: policyOf(ground, access) });
  return {
    roles,
    refusal: asks,
    refusalUnder: (document, asking, access) =>
      decide(ground, { asking, access, policy: readPolicy(document, access.resource) }),
    roleRefusal: (roleArn, access) => asks({ roleArn, tags: {} }, access),
    anonymousRefusal: (access) => decideOutside(ground, { principal: {}, access }),
    federatedRefusal: (federated, access) =>
      decideOutside(ground, {
        principal: { federated },
        access,
        keys: contextOf({ "aws:FederatedProvider": federated }),
      }),
    resourcePolicy: (arn) => ofResources.get(arn),
    setResourcePolicy: (arn, document) => void ofResources.set(arn, readPolicy(document, arn)),
    addRole: (arn, document) => void roles.put({ ...roles.get(arn), arn, policies: [document] }),
  };
}
