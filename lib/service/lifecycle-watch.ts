import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { allowDataKey, allowTable, inTransaction, rows, rowsInTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Ground } from "./ground.ts";

/** How often the watch looks: well within the day that rows of sessions stay, so that a look may be missed. */
export const lifecycleWatchMinutes = 360;

/**
 * Tells of active agents whose review is late and of those without sessions. It has no URL, changes no agent, and writes
 * nothing but its own memory, together with what it tells.
 */
export function lifecycleWatch({ scope, stage, dist, state }: Ground): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "LifecycleWatch", {
    stage,
    dist,
    name: "lifecycle-watch",
    namedRole: "lifecycle-watch",
    description: "Tells of agents whose review is late and of dormant ones",
    environment: {
      registryTable: tables.registry.tableName,
      revocationsTable: tables.revocations.tableName,
      tracesTable: tables.traces.tableName,
      subjectsTable: tables.subjects.tableName,
      outboxTable: tables.outbox.tableName,
      dormantAfterDays: String(stage.dormantAfterDays),
    },
    memoryMegabytes: 512,
    timeoutSeconds: 300,
  });
  const { role } = made;
  allowTable(role, tables.registry, ["Query"]);
  // its memory stands apart: a condition on rows of the registry might not bind within a transaction
  allowTable(role, tables.traces, ["Query", "DeleteItem"], rows("trace"));
  allowTable(role, tables.traces, ["GetItem", "PutItem"], rows("looked"));
  allowTable(role, tables.traces, ["PutItem"], rowsInTransaction("trace"));
  allowTable(role, tables.revocations, ["GetItem"], rows("deployment#"));
  allowTable(role, tables.subjects, ["Query"]);
  allowTable(role, tables.outbox, ["PutItem"], inTransaction);
  allowDataKey(role, keys.data);
  new Rule(made, "OnSchedule", {
    description: "Agents' reviews and silence are looked at",
    schedule: Schedule.rate(Duration.minutes(lifecycleWatchMinutes)),
    targets: [new LambdaFunction(made.function, { retryAttempts: 2 })],
  });
  return made;
}
