import type { StackName } from "../synthesized.ts";

/** What a function that decides for gateways may do, beside its records and keys. */
export const deciding = (role: "Decide" | "DecideIam", more: readonly string[]): [StackName, string, string[]] => [
  "Service",
  role,
  [
    ...["Confirmations", "Revocations", "Sessions", "Tombstones"].map((table) => `dynamodb:BatchGetItem on ${table}`),
    "dynamodb:GetItem on Sessions",
    // only a proof is used up, and at the other URL nobody shows one
    ...(role === "Decide" ? ["dynamodb:PutItem on Markers if in a transaction"] : []),
    "dynamodb:PutItem on Changes if in a transaction",
    ...["Changes", "Decisions", "Registry"].map((table) => `dynamodb:Query on ${table}`),
    "dynamodb:Query on Subjects if row session:*",
    "dynamodb:PutItem on Budgets if in a transaction",
    "dynamodb:UpdateItem on Budgets",
    "dynamodb:UpdateItem on Counters if in a transaction, row uses#* where AWS says which",
    ...more,
  ],
];
