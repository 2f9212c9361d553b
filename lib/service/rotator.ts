import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledgeRotator } from "../acknowledged.ts";
import { everything } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { feed } from "../function/stream.ts";
import { tellKeys } from "../state/keyring.ts";
import { rotated } from "../state/keys.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** How often the rotator runs on its schedule, in minutes. */
export const rotatorMinutes = 5;

/** Orders when they are stored. */
const given = { eventName: ["INSERT", "MODIFY"] };

/**
 * Creates, publishes, switches and ends signing keys: every five minutes, and at once when an operator orders it. It
 * has no URL, is the only function that writes rings, and cannot sign. Its right to disable and delete keys comes from
 * the keys' own policies, so it has that right only for keys created here.
 */
export class Rotator extends LanyardFunction {
  readonly failures: IQueue;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "rotator" });
    const { stage, state } = props;
    this.tell({
      keyPeriodSeconds: String(Duration.days(stage.keys.rotationDays).toSeconds()),
      keyPublishWaitSeconds: String(Duration.hours(stage.keys.publishWaitHours).toSeconds()),
    });
    tellKeys(this, props, rotated);
    state.tables.grantRotation(this, ...rotated.filter((purpose) => purpose !== "events" || stage.securityEvents));
    state.tables.grantRecordsOfChanges(this);
    this.grantMaking();
    this.failures = feed(this, { tables: state.tables, table: "orders", filter: given, parallelization: 1 }).failures;
    new Rule(this, "OnSchedule", {
      description: "Signing keys are looked after",
      schedule: Schedule.rate(Duration.minutes(rotatorMinutes)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }

  private grantMaking(): void {
    this.grant({
      actions: ["kms:CreateKey"],
      on: [everything],
      conditions: {
        StringEquals: {
          "kms:KeySpec": ["ECC_NIST_P256", "RSA_2048"],
          "kms:KeyUsage": "SIGN_VERIFY",
          "kms:KeyOrigin": "AWS_KMS",
        },
        // KMS's lockout check asks whether this role could change the policy afterwards, which it is denied below
        Bool: { "kms:MultiRegion": "false", "kms:BypassPolicyLockoutSafetyCheck": "true" },
      },
      why: "makes signing keys inside KMS, in this Region alone, under a policy that leaves the account in charge",
    });
    this.grant({
      actions: ["kms:ListKeys"],
      on: [everything],
      why: "finds a key whose maker died before it wrote it down",
    });
    this.grant({
      actions: ["kms:Sign", "kms:GenerateMac", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:ImportKeyMaterial"],
      on: [everything],
      denied: true,
      why: "whatever policy a key is made with: who makes keys uses none, and lets nobody else in later",
    });
    acknowledgeRotator(this.role);
  }
}
