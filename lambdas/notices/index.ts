import { Logger } from "@aws-lambda-powertools/logger";
import { tellPeople } from "../../core/endpoints/notices.ts";
import { createTold } from "../aws/dynamodb/approvals/told.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createTopic } from "../aws/sns/topic.ts";
import { createAskQueue } from "../aws/sqs/ask-queue.ts";
import { clock, setting, tables } from "../ground.ts";

const logger = new Logger();
const told = createTold(documentClient(), tables);
const queue = createAskQueue(setting("askQueue"));

/** The topic, with the credentials of this moment: Lambda renews those of its environment. */
function topic() {
  const { AWS_REGION: region = "", AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "",
    sessionToken: AWS_SESSION_TOKEN ?? "",
  };
  const endpoint = process.env.AWS_ENDPOINT_URL || `https://sns.${region}.amazonaws.com`;
  return createTopic({ topicArn: setting("noticesTopic"), region, endpoint, credentials }, fetch);
}

/**
 * Runs every minute: tells people what began to wait for them.
 * @throws when a notice was not sent, so that the alarm on failing functions rings; what it told of comes again
 */
export const handler = async (): Promise<void> => {
  const report = await tellPeople({
    ...{ clock, queue, told, publish: topic() },
    failed: ({ group, asks }, cause) => logger.error("people were not told", { group, requests: asks.length, cause }),
  });
  if (report.notices > 0 || report.unreadable > 0) logger.info("told people what waits", { ...report });
  if (report.failed > 0) throw new Error(`${report.failed} notices were not sent`);
};
