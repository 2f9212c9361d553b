/** SNS topics as far as the stacks need them: what is published is kept, as each kind of subscriber would get it. */
import { randomUUID } from "node:crypto";
import type { Cloud } from "../cloudformation/template.ts";

/** What was published to a topic. */
export interface Published {
  readonly subject?: string;
  /** Texts by protocol, `default` among them. */
  readonly texts: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The account's topics. */
export interface Topics {
  has(arn: string): boolean;
  /** @returns the message's id */
  put(arn: string, message: Published): string;
  /** Oldest first. */
  published(arn: string): readonly Published[];
}

/** Opens the topics of the template. What was published is in memory alone: nobody subscribes here. */
export function openTopics(cloud: Cloud): Topics {
  const topics = new Map(
    cloud.ofType("AWS::SNS::Topic").map((topic) => [cloud.physical(topic).ref, [] as Published[]]),
  );
  const find = (arn: string): Published[] => {
    const found = topics.get(arn);
    if (found === undefined) throw new Error(`topic ${arn} does not exist`);
    return found;
  };
  return {
    has: (arn) => topics.has(arn),
    put(arn, message) {
      find(arn).push(message);
      return randomUUID();
    },
    published: find,
  };
}
