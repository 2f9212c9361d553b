/** Managed policies and their versions: at most five, one of which counts. */
import { randomBytes } from "node:crypto";
import { ServiceError } from "../service.ts";
import { readPolicy, type Statement } from "./policy.ts";

/** One version of a managed policy. */
export interface PolicyVersion {
  /** `v1`, `v2` … never used again once deleted. */
  readonly id: string;
  /** The document as it was given. */
  readonly document: string;
  readonly createdAtMillis: number;
}

/** A customer's managed policy. */
export interface ManagedPolicy {
  readonly arn: string;
  readonly policyId: string;
  readonly createdAtMillis: number;
  updatedAtMillis: number;
  versions: readonly PolicyVersion[];
  defaultVersionId: string;
  /** Statements of the default version. */
  statements: readonly Statement[];
  /** Versions made so far. */
  made: number;
}

/** Versions that IAM keeps of a policy; who wants a sixth deletes one first. */
const mostVersions = 5;
/** Characters of a managed policy's document, white space not counted. */
const mostPolicyCharacters = 6_144;

/** Managed policies of every account of this cloud, by ARN. */
export interface ManagedPolicies {
  get(arn: string): ManagedPolicy | undefined;
  create(arn: string, document: string): ManagedPolicy;
  /** Throws `LimitExceeded` at five versions. */
  addVersion(policy: ManagedPolicy, document: string, setAsDefault: boolean): PolicyVersion;
  setDefault(policy: ManagedPolicy, versionId: string): void;
  /** Throws for the default version. */
  deleteVersion(policy: ManagedPolicy, versionId: string): void;
  delete(policy: ManagedPolicy): void;
  of(account: string): readonly ManagedPolicy[];
}

/** An empty book of policies. */
export function openManagedPolicies(nowMillis: () => number = Date.now): ManagedPolicies {
  const byArn = new Map<string, ManagedPolicy>();
  return {
    get: (arn) => byArn.get(arn),
    create(arn, document) {
      if (byArn.has(arn)) throw new ServiceError("EntityAlreadyExists", `A policy called ${arn} already exists.`, 409);
      const statements = readManaged(document, arn);
      const version = { id: "v1", document, createdAtMillis: nowMillis() };
      const policy: ManagedPolicy = {
        arn,
        policyId: `ANPA${randomBytes(10).toString("hex").toUpperCase().slice(0, 17)}`,
        createdAtMillis: version.createdAtMillis,
        updatedAtMillis: version.createdAtMillis,
        versions: [version],
        defaultVersionId: version.id,
        statements,
        made: 1,
      };
      byArn.set(arn, policy);
      return policy;
    },
    addVersion(policy, document, setAsDefault) {
      const statements = readManaged(document, policy.arn);
      if (policy.versions.length >= mostVersions) {
        const message = `A managed policy can have up to ${mostVersions} versions. Before you create a new version, you must delete an existing version.`;
        throw new ServiceError("LimitExceeded", message, 409);
      }
      policy.made += 1;
      const version = { id: `v${policy.made}`, document, createdAtMillis: nowMillis() };
      policy.versions = [...policy.versions, version];
      policy.updatedAtMillis = version.createdAtMillis;
      if (setAsDefault) Object.assign(policy, { defaultVersionId: version.id, statements });
      return version;
    },
    setDefault(policy, versionId) {
      const { document, id } = versionOf(policy, versionId);
      Object.assign(policy, { defaultVersionId: id, statements: readManaged(document, policy.arn) });
    },
    deleteVersion(policy, versionId) {
      const { id } = versionOf(policy, versionId);
      if (id === policy.defaultVersionId)
        throw new ServiceError("DeleteConflict", "Cannot delete the default version of a policy.", 409);
      policy.versions = policy.versions.filter((version) => version.id !== id);
    },
    delete: (policy) => void byArn.delete(policy.arn),
    of: (account) => [...byArn.values()].filter(({ arn }) => arn.split(":")[4] === account),
  };
}

/** A version of a policy; throws `NoSuchEntity`. */
export function versionOf(policy: ManagedPolicy, versionId: string): PolicyVersion {
  const found = policy.versions.find(({ id }) => id === versionId);
  if (found === undefined)
    throw new ServiceError("NoSuchEntity", `Policy ${policy.arn} version ${versionId} does not exist.`, 404);
  return found;
}

/** Reads a document as IAM takes it for an identity or a session; throws `MalformedPolicyDocument`. */
export function readIdentityPolicy(document: string, where: string): readonly Statement[] {
  try {
    const statements = readPolicy(document, where);
    if (statements.some((each) => each.Principal !== undefined || each.NotPrincipal !== undefined))
      throw new Error("Policy document should not specify a principal.");
    if (statements.some((each) => each.Resource === undefined && each.NotResource === undefined))
      throw new Error("Policy statement must contain resources.");
    return statements;
  } catch (thrown) {
    throw new ServiceError("MalformedPolicyDocument", thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function readManaged(document: string, where: string): readonly Statement[] {
  if (document.replace(/\s/g, "").length > mostPolicyCharacters)
    throw new ServiceError("LimitExceeded", `Cannot exceed quota for PolicySize: ${mostPolicyCharacters}`, 409);
  return readIdentityPolicy(document, where);
}
