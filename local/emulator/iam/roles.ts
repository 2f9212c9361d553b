/** Roles of every account that this cloud knows, and what counts for each of them now. */
import { ServiceError } from "../service.ts";
import { accountOf, isUser, roleNameOf } from "./context.ts";
import { type ManagedPolicies, openManagedPolicies } from "./managed.ts";
import { readPolicy, type Statement } from "./policy.ts";

/** A role as it stands now. */
export interface Role {
  readonly arn: string;
  /** Whom the role trusts: the document as it was given. */
  trust: unknown;
  readonly tags: Readonly<Record<string, string>>;
  readonly maxSessionSeconds: number;
  /** Statements of its inline policies. */
  inline: readonly Statement[];
  /** ARNs of its managed policies. */
  readonly attached: Set<string>;
  /** ARN of its permissions boundary. */
  boundary: string | undefined;
}

/** A role as whoever adds it says it. */
export interface NewRole {
  readonly arn: string;
  /** Whom it trusts; absent = nobody, for roles whose credentials are handed out by the platform. */
  readonly trust?: unknown;
  /** Inline policies, as IAM documents. */
  readonly policies?: readonly unknown[];
  readonly managedPolicyArns?: readonly string[];
  /** ARN of a managed policy. */
  readonly boundary?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
  /** 3,600 to 43,200. */
  readonly maxSessionSeconds?: number;
}

/** The book of roles. */
export interface Roles {
  readonly policies: ManagedPolicies;
  get(arn: string): Role | undefined;
  /** A role of an account by its name, whatever its path. */
  named(account: string, name: string): Role | undefined;
  /** Adds a role, or puts a new one in its place; throws on a policy that cannot be evaluated in full. */
  put(role: NewRole): Role;
  /** Statements of the role's identity policies; none for a role that is not known. */
  identity(arn: string): readonly Statement[];
  /** Statements of its boundary; undefined when it has none. */
  boundary(arn: string): readonly Statement[] | undefined;
  /** Statements of its trust policy; undefined for a role that is not known. */
  trust(arn: string): readonly Statement[] | undefined;
  tags(arn: string): Readonly<Record<string, string>>;
  /** Roles that carry a managed policy, as policy and as boundary. */
  carriers(policyArn: string): { readonly attached: readonly Role[]; readonly bounded: readonly Role[] };
}

/** AWS's own policies that a role may name; they allow nothing that this cloud serves. */
const harmlessManagedPolicies = ["AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"];
const isHarmless = (arn: string): boolean =>
  arn.startsWith("arn:aws:iam::aws:policy/") && harmlessManagedPolicies.includes(roleNameOf(arn));

const noTags = Object.freeze({});

/** An empty book. */
export function openRoles(nowMillis: () => number = Date.now): Roles {
  const byArn = new Map<string, Role>();
  const policies = openManagedPolicies(nowMillis);
  const known = (where: string, arn: string) => {
    if (policies.get(arn) === undefined && !isHarmless(arn))
      throw new Error(`${where}: managed policy ${arn} is not known to the embedded cloud: write its statements out`);
    return arn;
  };
  return {
    policies,
    get: (arn) => byArn.get(arn),
    named: (account, name) =>
      [...byArn.values()].find(({ arn }) => accountOf(arn) === account && roleNameOf(arn) === name && !isUser(arn)),
    put({ arn, trust, policies: inline = [], managedPolicyArns = [], boundary, tags = {}, maxSessionSeconds = 3_600 }) {
      if (trust !== undefined) readPolicy(trust, arn);
      const role: Role = {
        arn,
        trust,
        tags,
        maxSessionSeconds,
        inline: inline.flatMap((document) => readPolicy(document, arn)),
        attached: new Set(managedPolicyArns.map((each) => known(`role ${arn}`, each))),
        boundary: boundary === undefined ? undefined : known(`role ${arn}`, boundary),
      };
      byArn.set(arn, role);
      return role;
    },
    identity(arn) {
      const role = byArn.get(arn);
      if (role === undefined) return [];
      return [...role.inline, ...[...role.attached].flatMap((each) => policies.get(each)?.statements ?? [])];
    },
    boundary(arn) {
      const name = byArn.get(arn)?.boundary;
      return name === undefined ? undefined : (policies.get(name)?.statements ?? []);
    },
    trust(arn) {
      const role = byArn.get(arn);
      return role && (role.trust === undefined ? [] : readPolicy(role.trust, arn));
    },
    tags: (arn) => byArn.get(arn)?.tags ?? noTags,
    carriers: (policyArn) => ({
      attached: [...byArn.values()].filter(({ attached }) => attached.has(policyArn)),
      bounded: [...byArn.values()].filter(({ boundary }) => boundary === policyArn),
    }),
  };
}

/** A role that must be there; throws `NoSuchEntity`, as IAM does. */
export function roleNamed(roles: Roles, account: string, name: string): Role {
  const found = roles.named(account, name);
  if (found === undefined) throw new ServiceError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
  return found;
}
