import { Aws } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { allow, grantsOf } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";

const why = "DynamoDB reads and writes encrypted tables with the caller's right to their key";

/**
 * Grants the use of the tables' key, since DynamoDB needs the caller's right to it. Without `kms:ViaService` the same
 * right could decrypt anything that was encrypted with this key. It is granted once, with the first use of a table.
 */
export function grantDataKey({ role }: Pick<LanyardFunction, "role">, dataKey: IKey): void {
  if (grantsOf(role).some((grant) => grant.why === why)) return;
  const actions = [
    "Decrypt",
    "Encrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
  ];
  allow(role, {
    actions: actions.map((action) => `kms:${action}`),
    on: [{ name: "Data key", arn: dataKey.keyArn }],
    conditions: { StringEquals: { "kms:ViaService": `dynamodb.${Aws.REGION}.amazonaws.com` } },
    why,
    byAws: true,
  });
}
