/** A detail's field that narrows what a grant reaches: its values are keys, or say what keys begin with. */
export interface AwsNarrowing {
  /** Name of a details type of the role's resource. */
  readonly type: string;
  /** Field, or dotted path of a nested one, as the type's rules name it. */
  readonly field: string;
  /** S3, for a field of rule `exact` or `one_of`: each value names a folder, and its keys are all below it. */
  readonly as?: "folder";
}

interface AwsGrantBase {
  /** The scope of the role's resource that gives this. */
  readonly scope: string;
  /** IAM actions, `s3:GetObject`; only those that {@link ../aws/actions.ts} lists. */
  readonly actions: readonly string[];
  /**
   * What narrows it. A session that holds a detail of the resource with a field that is not named here gets no
   * credentials for the scope: a restriction that a policy cannot say is refused, never dropped.
   */
  readonly details: readonly AwsNarrowing[];
  /** ARNs of the KMS keys that what it reaches is encrypted with, usable through the service alone. */
  readonly kmsKeys: readonly string[];
}

/** What a scope gives of one S3 bucket. */
export interface S3AwsGrant extends AwsGrantBase {
  readonly service: "s3";
  /** Keys that begin with `prefix`, which ends in `/`; all of the bucket where it is left out. */
  readonly where: { readonly bucket: string; readonly prefix?: string };
}

/** What a scope gives of one DynamoDB table. */
export interface DynamoDbAwsGrant extends AwsGrantBase {
  readonly service: "dynamodb";
  /** ARN of the table; items whose partition key, a text, begins with `prefix`, all where it is left out. */
  readonly where: { readonly table: string; readonly prefix?: string };
}

/** What one scope gives at AWS. */
export type AwsGrant = S3AwsGrant | DynamoDbAwsGrant;

/** An AWS role whose credentials agents get for their sessions, narrowed to what each session may. */
export interface AwsRoleRegistration {
  readonly kind: "aws-role";
  readonly name: string;
  /** ARN of the role, path included. */
  readonly arn: string;
  /** Names of the agents that may have it. */
  readonly agents: readonly string[];
  /** URI of the registered resource it stands for: its scopes are those that are mapped. */
  readonly resource: string;
  readonly grants: readonly AwsGrant[];
  /**
   * The one agent may also take it by itself (AssumeRoleWithWebIdentity), whole and for as long as the role allows: nothing
   * of that is narrowed or ended by the session (threat 10).
   */
  readonly exclusive?: true;
}
