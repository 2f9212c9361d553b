/** Who may do what: one place that every call asks, whichever service it is for. */
import type { Cloud } from "../cloudformation/template.ts";
import { type Access, contextOf } from "../service.ts";
import type { Caller } from "./caller.ts";
import { accountOf, type ContextSession, principalContext, requestContext, sessionArnOf } from "./context.ts";
import { readRoles } from "./of-template.ts";
import { type Policies, readPolicy, refusal, type Statement } from "./policy.ts";
import type { Principal } from "./principals.ts";
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

/** Somebody of an account: a session, or a role that a service takes on. */
type Asking = ContextSession & Pick<Caller, "tags"> & Partial<Pick<Caller, "sessionPolicies">>;

/**
 * Reads every policy of the template.
 * @returns the decisions; throws on a policy that the evaluator cannot evaluate in full
 */
export function openPermissions(cloud: Cloud, nowMillis: () => number = Date.now): Permissions {
  const roles = openRoles(nowMillis);
  readRoles(cloud, roles);
  const ofResources = readResourcePolicies(cloud);
  const policyOf = ({ resource, carrier = resource }: Access) => roles.trust(carrier) ?? ofResources.get(carrier);
  const home = cloud.resources[0]?.stack;
  const surroundings = ({ resource, owner, context }: Access) => {
    const [, , , region = ""] = resource.split(":");
    const resourceAccount = owner ?? (accountOf(resource) || home?.account);
    const own = requestContext({ nowMillis: nowMillis(), region: region || home?.region, owner: resourceAccount });
    return { resourceAccount, context: { ...own, ...context } };
  };
  const isGuarded = ({ action, resource }: Access) =>
    // making and listing keys speaks of no key yet, so no key's policy can speak of it
    (action.startsWith("kms:") && resource !== "*") ||
    (/^arn:aws:iam::\d+:role\//.test(resource) && action.startsWith("sts:"));
  const decide = (asking: Asking, access: Access, policy = policyOf(access)) => {
    const { roleArn, sessionName, sessionPolicies } = asking;
    const { resourceAccount, context } = surroundings(access);
    const tags = merged(roles.tags(roleArn), asking.tags);
    const boundary = roles.boundary(roleArn);
    const policies: Policies = {
      identity: roles.identity(roleArn),
      ...(sessionPolicies === undefined ? {} : { session: sessionPolicies.map(({ statements }) => statements) }),
      ...(boundary === undefined ? {} : { boundary }),
      ...(policy === undefined ? {} : { resource: policy }),
      resourceMustAllow: isGuarded(access),
    };
    return refusal(
      {
        principalArn: roleArn,
        account: accountOf(roleArn),
        action: access.action,
        resource: access.resource,
        // what the service says of the request never overrides who asks and when
        context: { ...context, ...principalContext(asking, tags) },
        ...(resourceAccount === undefined ? {} : { resourceAccount }),
        ...(sessionName === undefined ? {} : { sessionArn: sessionArnOf({ roleArn, sessionName }) }),
      },
      policies,
    );
  };
  const decideOutside = (principal: Principal, access: Access, more: Access["context"] = {}) =>
    refusal(
      {
        principalArn: principal.federated ?? "anonymous",
        account: "",
        principal,
        action: access.action,
        resource: access.resource,
        context: { ...surroundings(access).context, ...more },
      },
      { identity: [], resource: policyOf(access) ?? [] },
    );
  return {
    roles,
    refusal: decide,
    refusalUnder: (document, caller, access) => decide(caller, access, readPolicy(document, access.resource)),
    roleRefusal: (roleArn, access) => decide({ roleArn, tags: {} }, access),
    anonymousRefusal: (access) => decideOutside({}, access),
    federatedRefusal: (federated, access) =>
      decideOutside({ federated }, access, contextOf({ "aws:FederatedProvider": federated })),
    resourcePolicy: (arn) => ofResources.get(arn),
    setResourcePolicy: (arn, document) => void ofResources.set(arn, readPolicy(document, arn)),
    addRole: (arn, document) => void roles.put({ ...roles.get(arn), arn, policies: [document] }),
  };
}

/** A session's tags override the role's; the case of a key does not make another one. */
function merged(ofRole: Readonly<Record<string, string>>, ofSession: Readonly<Record<string, string>>) {
  const overridden = new Set(Object.keys(ofSession).map((key) => key.toLowerCase()));
  const kept = Object.entries(ofRole).filter(([key]) => !overridden.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...ofSession };
}
