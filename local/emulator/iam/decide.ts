/** One decision: gathers every policy and every fact that counts for a request, and asks the evaluator. */
import type { Access } from "../service.ts";
import type { Caller } from "./caller.ts";
import { accountOf, type ContextSession, principalContext, requestContext, sessionArnOf } from "./context.ts";
import { type Context, type Policies, refusal, type Statement } from "./policy.ts";
import type { Principal } from "./principals.ts";
import type { Role, Roles } from "./roles.ts";

/** Somebody of an account: a session, or a role that a service takes on. */
export type Asking = ContextSession & Pick<Caller, "tags"> & Partial<Pick<Caller, "sessionPolicies">>;

/** What decisions are made by. */
export interface Deciding {
  readonly roles: Roles;
  /** Policies of resources, by the ARN of what carries them. */
  readonly ofResources: ReadonlyMap<string, readonly Statement[]>;
  /** Account and Region of resources whose ARN names none. */
  readonly home: { readonly account: string; readonly region: string } | undefined;
  readonly nowMillis: () => number;
}

/** The policy that speaks of a resource: of a role its trust. */
export const policyOf = ({ roles, ofResources }: Deciding, { resource, carrier = resource }: Access) =>
  roles.trust(carrier) ?? ofResources.get(carrier);

/**
 * Decides about somebody of an account.
 * @param policy the resource's policy
 * @returns undefined when allowed, else the reason in IAM's words
 */
export function decide(
  ground: Deciding,
  { asking, access, policy }: { asking: Asking; access: Access; policy: readonly Statement[] | undefined },
): string | undefined {
  const { roles } = ground;
  const { roleArn, sessionName, sessionPolicies } = asking;
  const { resourceAccount, context } = surroundings(ground, access);
  const boundary = roles.boundary(roleArn);
  const policies: Policies = {
    identity: roles.identity(roleArn),
    ...(sessionPolicies === undefined ? {} : { session: sessionPolicies.map(({ statements }) => statements) }),
    ...(boundary === undefined ? {} : { boundary }),
    ...(policy === undefined ? {} : { resource: policy }),
    resourceMustAllow: isGuarded(access),
  };
  const request = {
    principalArn: roleArn,
    account: accountOf(roleArn),
    action: access.action,
    resource: access.resource,
    // what the service says of the request never overrides who asks
    context: { ...context, ...contextOfAsking(asking, roles.tags(roleArn)) },
    ...(resourceAccount === undefined ? {} : { resourceAccount }),
    ...(sessionName === undefined ? {} : { sessionArn: sessionArnOf({ roleArn, sessionName }) }),
  };
  return refusal(request, policies);
}

/** Decides about whoever is of no account: the resource's own policy is all there is. */
export function decideOutside(
  ground: Deciding,
  { principal, access, keys = {} }: { principal: Principal; access: Access; keys?: Access["context"] },
): string | undefined {
  const request = {
    principalArn: principal.federated ?? "anonymous",
    account: "",
    principal,
    action: access.action,
    resource: access.resource,
    context: { ...surroundings(ground, access).context, ...keys },
  };
  return refusal(request, { identity: [], resource: policyOf(ground, access) ?? [] });
}

/** Goes with the caller, and counts for the tags that its role had: a new role of the name brings its own. */
const ofAsking = new WeakMap<Asking, { readonly ofRole: Role["tags"]; readonly context: Context }>();

function contextOfAsking(asking: Asking, ofRole: Role["tags"]): Context {
  const known = ofAsking.get(asking);
  if (known?.ofRole === ofRole) return known.context;
  const context = principalContext(asking, merged(ofRole, asking.tags));
  ofAsking.set(asking, { ofRole, context });
  return context;
}

function surroundings({ home, nowMillis }: Deciding, { resource, owner, context }: Access) {
  const [, , , region = ""] = resource.split(":");
  const resourceAccount = owner ?? (accountOf(resource) || home?.account);
  const own = requestContext({ nowMillis: nowMillis(), region: region || home?.region, owner: resourceAccount });
  return { resourceAccount, context: { ...context, ...own } };
}

const isGuarded = ({ action, resource }: Access): boolean =>
  // making and listing keys speaks of no key yet, so no key's policy can speak of it
  (action.startsWith("kms:") && resource !== "*") ||
  (/^arn:aws:iam::\d+:role\//.test(resource) && action.startsWith("sts:"));

/** A session's tags override the role's; the case of a key does not make another one. */
function merged(ofRole: Readonly<Record<string, string>>, ofSession: Readonly<Record<string, string>>) {
  const overridden = new Set(Object.keys(ofSession).map((key) => key.toLowerCase()));
  const kept = Object.entries(ofRole).filter(([key]) => !overridden.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...ofSession };
}
