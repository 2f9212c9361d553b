import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/**
 * What it takes to revoke when no function answers: the role, and the tables that it writes and reads. It is kept with
 * the profile, since in the incident nobody can be asked for it.
 */
export interface KillPlace {
  /** ARN. */
  readonly role: string;
  /** Version of OCSF in which the deployment's records are written. */
  readonly ocsf: string;
  readonly revocations: string;
  readonly outbox: string;
  readonly registry: string;
  readonly subjects: string;
}

/** A deployment, and how an operator reaches it. */
export interface Profile {
  /** `local`, `aws`, or the name it was stored under. */
  readonly name: string;
  readonly kind: "local" | "aws";
  /** Where its names were found, to show which deployment this is. */
  readonly from: string;
  /**
   * Why it may not be the one that is meant: it was not named, and another one is possible. Changes are then refused.
   */
  readonly unsure?: string;
  readonly stage?: string;
  /** Twelve digits; absent where neither profile nor outputs name it. */
  readonly account?: string;
  /** The Region of its functions' URLs; absent where these are not function URLs of Lambda. */
  readonly region?: string;
  readonly issuer: string;
  readonly trustDomain: string;
  readonly admin: string;
  /** URL of the function that writes the registry. */
  readonly adminWrite: string;
  /** URL of the function that operators read by. */
  readonly adminRead: string;
  /** Where the audit is: the local run's folder, or a bucket; absent where neither is named. */
  readonly audit?: { readonly folder: string } | { readonly bucket: string };
  /** The key of the log: its text form (C2SP signed-note), or the id or ARN by which KMS gives it. */
  readonly logKey?: string;
  /** Name of the function that carries records to the bus; absent where the profile is not of the stacks' outputs. */
  readonly relay?: string;
  /** URL of the queue of records that the bus refuses; likewise. */
  readonly refusedQueue?: string;
  /** Absent where the stage names nobody who may, or the profile was stored before it did. */
  readonly kill?: KillPlace;
  /** The local run's CloudTrail, as files. */
  readonly trailFolder?: string;
  /** URL of the function that accepts orders to rotate keys; absent where the names are of an older version. */
  readonly adminRotate?: string;
  /** URL of the function that people decide by; absent where the stage has no approvals. */
  readonly approve?: string;
  /** Values of `${...}` that are known from the deployment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Carries Region and credentials; which sign calls too. */
  readonly dynamo: DynamoDBClient;
}

/** The process's environment. */
export type Env = Readonly<Record<string, string | undefined>>;
