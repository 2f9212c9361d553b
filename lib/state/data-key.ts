import { Aws } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { grantsOf } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";

const why = "DynamoDB reads and writes encrypted tables with the caller's right to their key";

/**
 * Use of the tables' own key: DynamoDB checks it with the caller's rights. Without `kms:ViaService` the same right would
 * decrypt anything that was ever encrypted under this key. It comes with the first use of a table, and once.
 */
export function grantDataKey(of: LanyardFunction, dataKey: IKey): void {
  if (grantsOf(of.role).some((grant) => grant.why === why)) return;
  const actions = [
    "Decrypt",
    "Encrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
  ];
  of.grant({
    actions: actions.map((action) => `kms:${action}`),
    on: [{ name: "Data key", arn: dataKey.keyArn }],
    conditions: { StringEquals: { "kms:ViaService": `dynamodb.${Aws.REGION}.amazonaws.com` } },
    why,
    byAws: true,
  });
}
