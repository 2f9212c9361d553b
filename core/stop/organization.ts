import { sourceIdentityPrefix } from "../aws/lineage.ts";
import { targetRolePath } from "../model/aws-role.ts";

/** Path of the deny policies of an account; its writer role may touch no others. */
export const denyPath = "/lanyard/deny/";
/** Path of the writer role. */
export const writerPath = "/lanyard/stop/";

/** A policy document, ready for `JSON.stringify`. */
interface PolicyJson {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

/** What an organization attaches to protect the stop, and to stop everything by itself. */
export interface OrganizationPolicies {
  /** Service control policy, for good: nobody but the writer role and the deployers touches what a stop rests on. */
  readonly guard: PolicyJson;
  /** Service control policy, for an emergency: denies sessions of Lanyard everything, in the accounts it is attached to. */
  readonly stop: PolicyJson;
  /**
   * Resource control policy, for the same emergency: closes the resources of the accounts it is attached to, also to
   * roles of accounts outside of the organization.
   */
  readonly stopAtResources: PolicyJson;
}

/** Input of {@link organizationPolicies}. */
export interface OrganizationPoliciesProps {
  /** ARN patterns of the roles that deploy, such as `arn:aws:iam::*:role/cdk-*-cfn-exec-role-*`. */
  readonly deployers: readonly string[];
  /** Only credentials issued before this moment are stopped. @default all of them, whenever they were issued */
  readonly issuedBefore?: Date;
  /**
   * Services whose resources are closed; `*` alone is no action that such a policy may name, and it knows only some
   * services.
   * @default those it knew first: s3, sts, kms, sqs, secretsmanager
   */
  readonly services?: readonly string[];
}

const firstServices = ["s3", "sts", "kms", "sqs", "secretsmanager"];

/** The organization's part in the surgical stop: documents for AWS Organizations, which Lanyard itself never calls. */
export function organizationPolicies({
  deployers,
  issuedBefore,
  services = firstServices,
}: OrganizationPoliciesProps): OrganizationPolicies {
  const ours = {
    StringLike: { "aws:SourceIdentity": `${sourceIdentityPrefix}*` },
    ...(issuedBefore && { DateLessThan: { "aws:TokenIssueTime": issuedBefore.toISOString() } }),
  };
  const unless = (...arns: readonly string[]) => ({ ArnNotLike: { "aws:PrincipalArn": arns } });
  return {
    guard: document(
      {
        Sid: "OnlyTheStopWrites",
        Effect: "Deny",
        Action: versionActions,
        Resource: `arn:*:iam::*:policy${denyPath}*`,
        Condition: unless(`arn:*:iam::*:role${writerPath}*`, ...deployers),
      },
      {
        Sid: "StaysAttached",
        Effect: "Deny",
        Action: roleActions,
        Resource: [targetRolePath, writerPath].map((path) => `arn:*:iam::*:role${path}*`),
        Condition: unless(...deployers),
      },
    ),
    stop: document({ Sid: "StopSessions", Effect: "Deny", Action: "*", Resource: "*", Condition: ours }),
    stopAtResources: document({
      Sid: "StopSessions",
      Effect: "Deny",
      Principal: "*",
      Action: services.map((service) => `${service}:*`),
      Resource: "*",
      Condition: ours,
    }),
  };
}

const versionActions = ["CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"].map(
  (action) => `iam:${action}`,
);
/** Whatever would take the deny policies off a role, widen it, or let in somebody else. */
const roleActions = [
  "AttachRolePolicy",
  "DeleteRolePermissionsBoundary",
  "DetachRolePolicy",
  "PutRolePermissionsBoundary",
  "PutRolePolicy",
  "UpdateAssumeRolePolicy",
].map((action) => `iam:${action}`);

const document = (...Statement: readonly Readonly<Record<string, unknown>>[]): PolicyJson => ({
  Version: "2012-10-17",
  Statement,
});
