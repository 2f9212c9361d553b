/** Rights that stand in many rows. */

export const dataKey = [
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
].map((action) => `${action} on Data if by DynamoDB`);

export const everyFunction = (role: string) => [
  `logs:CreateLogStream on log-group:${role}Logs:*`,
  `logs:PutLogEvents on log-group:${role}Logs:*`,
  "xray:PutTelemetryRecords on *",
  "xray:PutTraceSegments on *",
];

export const record = ["dynamodb:PutItem on Outbox if in a transaction", "dynamodb:PutItem on Outbox if row denied#*"];

/** Keys are used by their own policies' gift: a role gets to read the rings and no more. */
export const rings = (...purposes: string[]) => [
  `dynamodb:GetItem on Keyring if row ${purposes.map((one) => `${one}*`).join(" or ")}`,
];
