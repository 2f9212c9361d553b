import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { acknowledgeRotator } from "../acknowledged.ts";
import { allow, allowDataKey, allowTable, forbid, inTransaction, rows, rowsInTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { feed } from "../function/stream.ts";
import { tellKeys } from "../state/keyring.ts";
import { rotated } from "../state/keys.ts";
import type { Ground } from "./ground.ts";

/** How often the rotator looks at the rings by itself. */
export const rotatorMinutes = 5;

/**
 * Makes, publishes, switches and ends signing keys: every five minutes, and at once when an operator orders it. It has no
 * URL, alone writes the rings, and can sign with nothing. Disabling and deleting are the keys' own policies' gift: no key
 * of the account but those made here lets it.
 */
export function rotator(ground: Ground): { rotator: LanyardFunction; failures: IQueue } {
  const { scope, stage, dist, state } = ground;
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "Rotator", {
    stage,
    dist,
    name: "rotator",
    namedRole: "rotator",
    description: "Rotates the signing keys",
    environment: {
      ordersTable: tables.orders.tableName,
      outboxTable: tables.outbox.tableName,
      keyPeriodSeconds: String(Duration.days(stage.keys.rotationDays).toSeconds()),
      keyPublishWaitSeconds: String(Duration.hours(stage.keys.publishWaitHours).toSeconds()),
    },
    memoryMegabytes: 512,
    timeoutSeconds: 60,
  });
  const { role } = made;
  tellKeys(made, stage, state, rotated);
  allowTable(role, tables.keyring, ["BatchGetItem"], rows(...rotated));
  allowTable(role, tables.orders, ["BatchGetItem"]);
  allowTable(role, tables.keyring, ["PutItem"], rowsInTransaction(...rotated));
  allowTable(role, tables.outbox, ["PutItem"], inTransaction);
  allowDataKey(role, keys.data);
  // signing keys made inside KMS, in this Region alone, under a policy that leaves the account in charge
  allow(role, ["kms:CreateKey"], ["*"], {
    StringEquals: {
      "kms:KeySpec": ["ECC_NIST_P256", "RSA_2048"],
      "kms:KeyUsage": "SIGN_VERIFY",
      "kms:KeyOrigin": "AWS_KMS",
    },
    // KMS's lockout check asks whether this very role could change the policy next, which it is denied below
    Bool: { "kms:MultiRegion": "false", "kms:BypassPolicyLockoutSafetyCheck": "true" },
  });
  // to find a key whose maker died before it wrote it down
  allow(role, ["kms:ListKeys"], ["*"]);
  // whatever policy a key is made with: who makes keys uses none, and lets nobody else in later
  forbid(role, ["kms:Sign", "kms:GenerateMac", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:ImportKeyMaterial"], ["*"]);
  acknowledgeRotator(role);
  const { failures } = feed(made, tables.orders, { filter: given, parallelization: 1 });
  new Rule(made, "OnSchedule", {
    description: "Signing keys are looked after",
    schedule: Schedule.rate(Duration.minutes(rotatorMinutes)),
    targets: [new LambdaFunction(made.function, { retryAttempts: 0 })],
  });
  return { rotator: made, failures };
}

/** Orders as they are given. */
const given = { eventName: ["INSERT", "MODIFY"] };
