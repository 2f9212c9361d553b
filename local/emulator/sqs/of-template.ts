/** Queues, as the template holds them. */
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import type { QueueDescription } from "./queues.ts";

/** A queue of the template. */
interface QueueOfTemplate extends QueueDescription {
  readonly url: string;
  readonly visibilityMillis: number;
}

/** Queues of the template. */
export function queuesOf(cloud: Cloud): QueueOfTemplate[] {
  return cloud.ofType("AWS::SQS::Queue").map((queue) => {
    const { ref, attributes } = cloud.physical(queue);
    const { RedrivePolicy, VisibilityTimeout = 30 } = cloud.properties(queue);
    const { deadLetterTargetArn, maxReceiveCount } = (RedrivePolicy ?? {}) as Json;
    return {
      arn: attributes.Arn ?? "",
      url: ref,
      visibilityMillis: Number(VisibilityTimeout) * 1000,
      ...(deadLetterTargetArn === undefined
        ? {}
        : { redrive: { arn: String(deadLetterTargetArn), mostReceives: Number(maxReceiveCount) } }),
    };
  });
}
