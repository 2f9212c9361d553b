/** Where rules send events: delivery streams, functions and queues. */

import type { Faults } from "../faults.ts";
import type { Firehose } from "../firehose/service.ts";
import type { HostedFunction } from "../functions/host.ts";
import type { Permissions } from "../iam/permissions.ts";
import { contextOf } from "../service.ts";
import type { Queues } from "../sqs/queues.ts";
import type { Deliver, Rule } from "./service.ts";

/** What a target's ARN may name. */
interface Sinks {
  readonly firehose: Firehose;
  readonly faults: Faults;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly queues: Queues;
}

/** Makes the delivery of the buses. */
export function deliverTo({ firehose, faults, functions, queues }: Sinks): Deliver {
  return async (arn, text) => {
    const service = arn.split(":")[2];
    if (service === "sqs") return void queues.put(arn, text);
    if (service === "firehose") {
      const injected = await faults.apply("firehose", "PutRecord", undefined);
      if (injected !== undefined && "code" in injected) throw new Error(injected.code);
      return firehose.put(arn, Buffer.from(text));
    }
    const hosted = functions.get(arn.slice(arn.lastIndexOf(":") + 1));
    if (service !== "lambda" || hosted === undefined)
      throw new Error(`target ${arn} does not exist in the embedded cloud`);
    const outcome = await hosted.invoke(JSON.parse(text));
    if ("error" in outcome) throw new Error(outcome.error.errorMessage);
  };
}

/** Refuses a rule whose role may not put records: on AWS its events would end in the dead-letter queue. */
export function checkRuleRoles(rules: readonly Rule[], permissions: Permissions): void {
  for (const { name, targets } of rules) {
    for (const { arn, roleArn } of targets) {
      if (roleArn === undefined || !arn.includes(":firehose:")) continue;
      const access = { action: "firehose:PutRecord", resource: arn, context: contextOf({}) };
      const refusal = permissions.roleRefusal(roleArn, access);
      if (refusal !== undefined) throw new Error(`rule ${name}: ${refusal}`);
    }
  }
}
