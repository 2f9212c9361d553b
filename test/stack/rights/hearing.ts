import type { StackName } from "../synthesized.ts";

/** What the function that hears identity providers may do, beside its records. */
export const hearing = (more: readonly string[]): [StackName, string, string[]] => [
  "Service",
  "Signals",
  [
    "dynamodb:BatchGetItem on Revocations",
    "dynamodb:Query on Registry",
    "dynamodb:UpdateItem on Counters if row signal#*",
    "dynamodb:PutItem on Markers if in a transaction",
    // it ends and blocks people, and can write nothing else there
    `dynamodb:UpdateItem on Revocations if row standing#principal:p_* ${JSON.stringify({
      "ForAllValues:StringEquals": {
        "dynamodb:Attributes": ["subject", "reported", "reportedAtSeconds", "reportedGone"],
      },
      StringEquals: { "dynamodb:EnclosingOperation": "TransactWriteItems" },
    })}`,
    ...more,
  ],
];
