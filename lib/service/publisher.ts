import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { allowDataKey, allowTable, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { deadLetters, feed } from "../function/stream.ts";
import { parallelism } from "../settings/concurrency.ts";
import { useKeyring } from "../state/keyring.ts";
import type { Ground } from "./ground.ts";

/** How often all lists are signed anew; they live two minutes. */
export const publisherMinutes = 1;

/** Flips and signs status lists, on every revocation and every minute. It has no URL, since its key stands at `jwks_uri` (threat 3). */
export function publisher(ground: Ground): { publisher: LanyardFunction; failures: IQueue } {
  const { scope, stage, dist, state, issuer } = ground;
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "Publisher", {
    stage,
    dist,
    name: "publisher",
    namedRole: "publisher",
    description: "Signs and stores the status lists",
    environment: {
      issuer,
      sessionsTable: tables.sessions.tableName,
      subjectsTable: tables.subjects.tableName,
      revocationsTable: tables.revocations.tableName,
      listsTable: tables.lists.tableName,
    },
    // some 100,000 of a busy agent's trees are walked within one run; what is cut off, the minute's run begins again
    timeoutSeconds: 120,
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["Query", "GetItem"]);
  allowTable(role, tables.subjects, ["Query"]);
  // how far ahead sessions may end
  allowTable(role, tables.revocations, ["GetItem"], rows("deployment#"));
  allowTable(role, tables.lists, ["GetItem", "PutItem", "UpdateItem"]);
  useKeyring(made, stage, state, "status");
  allowDataKey(role, keys.data);
  const failures = deadLetters(made, "Failures");
  const { publisher: parallelization } = parallelism(stage);
  // a walk is written down before it begins, so that the stream need not insist: a poison row holds its slot for minutes
  const fed = { filter: written, parallelization, retryAttempts: 6, failures };
  feed(made, tables.tombstones, { ...fed, id: "Tombstones" });
  feed(made, tables.revocations, { ...fed, id: "Revocations" });
  new Rule(made, "EveryMinute", {
    description: "Status lists are signed anew, since they live two minutes",
    schedule: Schedule.rate(Duration.minutes(publisherMinutes)),
    targets: [new LambdaFunction(made.function, { retryAttempts: 0 })],
  });
  return { publisher: made, failures };
}

/** A row that TTL takes ends nothing. */
const written = { eventName: ["INSERT", "MODIFY"] };
