/** A field of a detail that narrows a grant: its values are keys, or beginnings of keys. */
export interface AwsNarrowing {
  /** Name of a details type of the role's resource. */
  readonly type: string;
  /** Field, or dotted path of a nested one, as the type's rules name it. */
  readonly field: string;
  /** For S3 and a field of rule `exact` or `one_of`: each value names a folder, and all keys below it are meant. */
  readonly as?: "folder";
}

interface AwsGrantBase {
  /** The scope of the role's resource that gives these actions. */
  readonly scope: string;
  /** IAM actions, `s3:GetObject`; only those that {@link ../aws/actions.ts} lists. */
  readonly actions: readonly string[];
  /**
   * The fields that narrow the grant. A session that holds a detail of the resource with a field not named here gets no
   * credentials for the scope: a restriction that a policy cannot express is refused, never dropped (threat 7).
   */
  readonly details: readonly AwsNarrowing[];
  /** ARNs of the KMS keys that encrypt the data, usable only through the service. */
  readonly kmsKeys: readonly string[];
}

/** What a scope gives in one S3 bucket. */
export interface S3AwsGrant extends AwsGrantBase {
  readonly service: "s3";
  /** Keys that begin with `prefix`, which ends in `/`; all keys of the bucket when it is left out. */
  readonly where: { readonly bucket: string; readonly prefix?: string };
}

/** What a scope gives in one DynamoDB table. */
export interface DynamoDbAwsGrant extends AwsGrantBase {
  readonly service: "dynamodb";
  /** ARN of the table; items whose partition key, a text, begins with `prefix`, or all items when it is left out. */
  readonly where: { readonly table: string; readonly prefix?: string };
}

/** What one scope gives at AWS. */
export type AwsGrant = S3AwsGrant | DynamoDbAwsGrant;

/**
 * Path of every role that a deployment may assume; its own rights end there. A role that was not made for sessions, such
 * as one that trusts a whole account, is out of reach of a wrong registration and of a taken-over function.
 */
export const targetRolePath = "/lanyard/target/";

/** An AWS role whose credentials agents get for their sessions, narrowed to what each session may do. */
export interface AwsRoleRegistration {
  readonly kind: "aws-role";
  readonly name: string;
  /** ARN of the role, path included, which begins with {@link targetRolePath}. */
  readonly arn: string;
  /** Names of the agents that may get its credentials. */
  readonly agents: readonly string[];
  /** URI of the registered resource whose scopes are mapped here. */
  readonly resource: string;
  readonly grants: readonly AwsGrant[];
  /**
   * Its one agent may also take the role by itself (AssumeRoleWithWebIdentity): whole, and for as long as the role allows,
   * since no session policy narrows or ends these credentials (threat 10). So the agent may hold every scope that is mapped
   * here, and nothing else is registered for the role.
   */
  readonly exclusive?: true;
}
