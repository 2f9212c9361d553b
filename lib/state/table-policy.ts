import { Lazy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";

/** What writes a row of a table. */
export const writing = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"] as const;

/**
 * A table's own policy. Without it, anybody who may write to any table of the account could revoke, undo a revocation,
 * register an agent, choose which key counts or forge a record (threat 45). Each writer's own role limits which rows it
 * writes. An explicit deny overrides every allow, also an administrator's and every later one. The writers are computed
 * last, when all functions exist, so that a function that a stage leaves out is trusted nowhere.
 */
export const onlyTheseWrite = (writers: () => string[]): PolicyDocument =>
  denyingWrites("OnlyTheseWrite", { ArnNotEquals: { "aws:PrincipalArn": Lazy.list({ produce: writers }) } });

/** The policy of a table that no function of the stage writes: a list without names would forbid nothing. */
export const nobodyWrites = (): PolicyDocument => denyingWrites("NobodyWrites", {});

function denyingWrites(sid: string, conditions: Record<string, Record<string, unknown>>): PolicyDocument {
  const partiQl = ["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"];
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [...writing, ...partiQl].map((action) => `dynamodb:${action}`),
        // the table's own ARN here would be a circular reference
        resources: ["*"],
        conditions,
      }),
    ],
  });
}

/** Short names of what reads a table. */
export const reading = ["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem"] as const;

/**
 * Of a table of keys. Whoever may read every table of the account reads none of it, and so nothing that is encrypted
 * under them; a key that was read once outlives the deletion of its row.
 */
export const onlyTheseRead = (readers: () => string[]): PolicyStatement =>
  new PolicyStatement({
    sid: "OnlyTheseRead",
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: [...reading, "PartiQLSelect"].map((action) => `dynamodb:${action}`),
    resources: ["*"],
    conditions: { ArnNotEquals: { "aws:PrincipalArn": Lazy.list({ produce: readers }) } },
  });
