import type { StackName } from "../synthesized.ts";

/** What a function that people decide by may do, beside its records. */
export const approving = (role: "Approve" | "ApproveToken", more: readonly string[]): [StackName, string, string[]] => [
  "Service",
  role,
  [
    ...["Approvals", "Changes", "Decisions", "Revocations"].map((table) => `dynamodb:BatchGetItem on ${table}`),
    ...["Approvals", "Changes"].map((table) => `dynamodb:GetItem on ${table}`),
    ...["Approvals", "Changes", "Decisions", "Registry"].map((table) => `dynamodb:Query on ${table}`),
    "dynamodb:PutItem on Decisions if in a transaction",
    // nobody shows a proof where IAM authenticates
    ...(role === "ApproveToken" ? ["dynamodb:PutItem on Markers if in a transaction"] : []),
    "dynamodb:UpdateItem on Counters if row refusals#*",
    "dynamodb:GetItem on Revocations if row standing#agent:*",
    // it quarantines, and can write nothing else there
    `dynamodb:UpdateItem on Revocations if row standing#agent:* ${JSON.stringify({
      "ForAllValues:StringEquals": {
        "dynamodb:Attributes": ["subject", "autoQuarantines", "autoQuarantinedAtSeconds"],
      },
      StringEquals: { "dynamodb:EnclosingOperation": "TransactWriteItems" },
    })}`,
    ...more,
  ],
];

/** What the function that tells people may do: it reads and writes no row of an approval. */
export const telling: [StackName, string, string[]] = [
  "Service",
  "Notices",
  [
    "dynamodb:BatchGetItem on Markers if row told#*",
    "dynamodb:PutItem on Markers if row told#*",
    "sns:Publish on ApprovalNoticesTopic",
    "sqs:DeleteMessage on ApprovalNoticesAsks",
    "sqs:ReceiveMessage on ApprovalNoticesAsks",
  ],
];
