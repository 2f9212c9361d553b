import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { LanyardFunction } from "../function/lanyard-function.ts";

/** Lets a function tell people what is wrong with the trail: an alarm rings while the queue holds a message. */
export function tellOfFindings(of: LanyardFunction, queue: Queue): void {
  of.grant(
    {
      actions: ["sqs:SendMessage"],
      on: [{ name: "Unsealed", arn: queue.queueArn }],
      why: "tells what is wrong with the trail",
    },
    { findingsQueue: queue.queueUrl },
  );
}
