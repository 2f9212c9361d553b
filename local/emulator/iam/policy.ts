/**
 * An IAM evaluator: identity policies, permissions boundary, session policies and the resource's own policy, within one
 * account and across two. An explicit deny anywhere wins; what nothing allows is denied.
 */
import type { Context } from "./patterns.ts";
import { type Naming, namingOf, type Principal } from "./principals.ts";
import { type Statement, speaksOf } from "./statement.ts";

export type { Context } from "./patterns.ts";
export { readPolicy, type Statement } from "./statement.ts";

/** One action on one resource by one caller. */
interface AccessRequest {
  /** ARN of the role that asks, its path included; anything else when `principal` says who asks. */
  readonly principalArn: string;
  /** Account of the caller. */
  readonly account: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
  /** ARN of the role's session, which a resource's policy may name. */
  readonly sessionArn?: string;
  /** Account that owns the resource; absent = the caller's. */
  readonly resourceAccount?: string;
  /** Who asks, where it is no role: nobody in particular, or whoever shows a token of an identity provider. */
  readonly principal?: Principal;
}

/** What may speak about a request. */
export interface Policies {
  readonly identity: readonly Statement[];
  /** Policies of the session, each of which must allow; absent or empty = not limited. */
  readonly session?: readonly (readonly Statement[])[];
  /** Permissions boundary of the role; absent = not limited. */
  readonly boundary?: readonly Statement[];
  /** The resource's own policy; absent when it has none. */
  readonly resource?: readonly Statement[];
  /** True for KMS keys and for roles: without a word of the resource's policy, identity policies count for nothing. */
  readonly resourceMustAllow?: boolean;
}

type Verdict = "allow" | "deny" | "none";

/**
 * Decides one request the way IAM does.
 * @returns undefined when allowed, else the reason in IAM's words
 */
export function refusal(request: AccessRequest, policies: Policies): string | undefined {
  const { principalArn, sessionArn, action, resource, account, resourceAccount = account } = request;
  const who = `User: ${sessionArn ?? principalArn} is not authorized to perform: ${action} on resource: ${resource}`;
  const verdicts = {
    "identity-based policy": verdictOf(policies.identity, request),
    "permissions boundary": policies.boundary === undefined ? "allow" : verdictOf(policies.boundary, request),
    "session policy": sessionVerdict(policies.session ?? [], request),
  } as const;
  const own = Object.entries(verdicts);
  const denying = own.find(([, verdict]) => verdict === "deny")?.[0];
  if (denying !== undefined) return `${who} with an explicit deny in a ${denying}`.replace("a identity", "an identity");
  const { denied, naming } = resourceVerdict(policies.resource ?? [], request);
  if (denied) return `${who} with an explicit deny in a resource-based policy`;
  const lacking = own.find(([, verdict]) => verdict === "none")?.[0];
  const because = (kind: string) => `${who} because no ${kind} allows the ${action} action`;
  // Whoever has no account has no policies of its own: the resource's word is all there is.
  if (request.principal !== undefined) return naming.size > 0 ? undefined : because("resource-based policy");
  if (account !== resourceAccount) {
    if (naming.size === 0) return because("resource-based policy");
    return lacking === undefined ? undefined : because(lacking);
  }
  if (naming.has("session")) return undefined;
  const limited = own.slice(1).find(([, verdict]) => verdict === "none")?.[0];
  if (naming.has("role")) return limited === undefined ? undefined : because(limited);
  if (policies.resourceMustAllow === true && naming.size === 0) {
    return because(lacking === undefined ? "resource-based policy" : lacking);
  }
  return lacking === undefined ? undefined : because(lacking);
}

function verdictOf(statements: readonly Statement[], request: AccessRequest): Verdict {
  const speaking = statements.filter((statement) => speaksOf(statement, request));
  if (speaking.some(({ Effect }) => Effect === "Deny")) return "deny";
  return speaking.length > 0 ? "allow" : "none";
}

/** Stacked policies intersect: one that denies is enough, and each must allow. */
function sessionVerdict(policies: readonly (readonly Statement[])[], request: AccessRequest): Verdict {
  const verdicts = policies.map((statements) => verdictOf(statements, request));
  if (verdicts.includes("deny")) return "deny";
  return verdicts.includes("none") ? "none" : "allow";
}

/** What the resource's policy says: whether it denies, and in which ways it allows. */
function resourceVerdict(statements: readonly Statement[], request: AccessRequest) {
  const { principalArn: roleArn, account, sessionArn } = request;
  const caller = request.principal ?? { account, roleArn, ...(sessionArn === undefined ? {} : { sessionArn }) };
  const naming = new Set<Naming>();
  let denied = false;
  for (const statement of statements) {
    const how = namingOf(statement, caller);
    if (how === "none" || !speaksOf(statement, request)) continue;
    if (statement.Effect === "Deny") denied = true;
    else naming.add(how);
  }
  return { denied, naming };
}
