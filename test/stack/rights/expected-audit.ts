import type { StackName } from "../synthesized.ts";

/** The rights of a table's stream. */
export const stream = (table: string) =>
  ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
    (action) => `dynamodb:${action} on ${table}/stream/2026-01-01T00:00:00.000`,
  );

/** Tells people of what is wrong with the trail, once. */
const findings = [
  "dynamodb:GetItem on Leaves if row ~told#*",
  "dynamodb:PutItem on Leaves if row ~told#*",
  "sqs:SendMessage on Unsealed",
];

/** Whatever it may write into table Leaves besides: no row of the log itself. */
export const deniedLogRows = (action: "PutItem" | "GetItem") =>
  `Deny ${JSON.stringify({
    Action: `dynamodb:${action}`,
    Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["~*"] } },
    Effect: "Deny",
    Resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/TablesLeaves21BAC0AC",
  })}`;

/** What the functions of the audit's stack may do. */
export const auditRights: [StackName, string, string[]][] = [
  [
    "Audit",
    "Relay",
    [
      "events:PutEvents on event-bus/lanyard-dev-audit",
      "sqs:SendMessage on Refused",
      "sqs:SendMessage on RelayFailures",
      "dynamodb:BatchGetItem on Outbox",
      "dynamodb:PutItem on Leaves",
      deniedLogRows("PutItem"),
      ...stream("Outbox"),
    ],
  ],
  [
    "Audit",
    "Sealer",
    [
      "dynamodb:BatchGetItem on Leaves",
      "dynamodb:BatchGetItem on Outbox",
      "dynamodb:GetItem on Leaves if row ~head*",
      "dynamodb:GetItem on Leaves if row ~reconciled*",
      "dynamodb:PutItem on Leaves if row ~head*",
      "dynamodb:Query on Leaves/index/unsealed",
      "dynamodb:UpdateItem on Leaves",
      'events:PutEvents on event-bus/lanyard-dev-audit if {"ForAllValues:StringEquals":{"events:detail-type":"Lanyard Checkpoint"},"Null":{"events:detail-type":"false"}}',
      "kms:Decrypt on Data if by S3",
      "kms:GenerateDataKey on Data if by S3",
      "s3:GetObject on bucket/log/*",
      "s3:ListBucket on bucket",
      "s3:PutObject on bucket/log/*",
      "s3:PutObjectRetention on bucket/log/*",
      "s3:PutObjectTagging on bucket/log/*",
      ...findings,
    ],
  ],
  [
    "Audit",
    "ObjectReader",
    [
      "dynamodb:BatchGetItem on Leaves",
      "dynamodb:BatchGetItem on Outbox",
      "dynamodb:PutItem on Leaves",
      "dynamodb:UpdateItem on Leaves",
      "kms:Decrypt on Data if by S3",
      "s3:GetObjectVersion on bucket/audit/*",
      "s3:PutObjectRetention on bucket/audit/*",
      "s3:PutObjectRetention on bucket/errors/*",
      ...findings,
    ],
  ],
  [
    "Audit",
    "Reconciler",
    [
      "dynamodb:BatchGetItem on Leaves",
      "dynamodb:BatchGetItem on Outbox",
      "dynamodb:GetItem on Leaves if row ~head*",
      "dynamodb:GetItem on Leaves if row ~reconciled*",
      "dynamodb:PutItem on Leaves if row ~reconciled*",
      "dynamodb:Query on Leaves/index/unsealed",
      "dynamodb:Query on Leaves/index/unseen",
      "dynamodb:Scan on Outbox",
      ...findings,
    ],
  ],
];
