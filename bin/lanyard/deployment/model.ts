import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** A deployment and the operator's way into it. */
export interface Profile {
  /** `local`, `aws`, or the name it was stored under. */
  readonly name: string;
  readonly kind: "local" | "aws";
  /** Where its names were found, for whoever must know which deployment this is. */
  readonly from: string;
  /**
   * Why it may not be the one that is meant: nobody named it, and something else is there that could be. What changes a
   * deployment is refused then.
   */
  readonly unsure?: string;
  readonly stage?: string;
  /** Twelve digits; absent where neither profile nor outputs tell. */
  readonly account?: string;
  /** That of its functions' URLs; absent where these are not Lambda's own. */
  readonly region?: string;
  readonly issuer: string;
  readonly trustDomain: string;
  readonly admin: string;
  /** URL of the function that writes the registry. */
  readonly adminWrite: string;
  /** URL of the function that operators look through. */
  readonly adminRead: string;
  /** Where the audit is: a folder as the local run keeps it, or a bucket; absent where neither is named. */
  readonly audit?: { readonly folder: string } | { readonly bucket: string };
  /** URL of the function that takes orders to rotate keys; absent where only older names are known. */
  readonly adminRotate?: string;
  /** Values of `${...}` known without being told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Carries Region and credentials; also asked for them to sign calls. */
  readonly dynamo: DynamoDBClient;
}

/** The process's environment. */
export type Env = Readonly<Record<string, string | undefined>>;
