import { beforeEach } from "vitest";
import type { AgentSession } from "../../../client/agent/session.ts";
import { attachToMessage, type MessageAttribute, type QueueRecord } from "../../../client/messages.ts";
import { agentId, customers, tickets } from "../../kit/registry.ts";
import { createDeployment, type Deployment } from "../deployment.ts";

export let cloud: Deployment;

/** A deployment of its own for each test of the calling file. */
export function setUp(): void {
  beforeEach(async () => {
    cloud = await createDeployment();
  });
}

/** A session of the planner's for Ada, at both resources. */
export const forAda = (): Promise<AgentSession> =>
  cloud.agent("planner").open({
    onBehalfOf: { idToken: cloud.idToken("planner-app") },
    grants: [
      { resource: tickets, scopes: ["tickets:read", "tickets:write"] },
      { resource: customers, scopes: ["customers:read"] },
    ],
  });

/** The headers of one call of a session's, as the resource's server sees them. */
export async function headersOf(
  session: AgentSession,
  { method = "GET", path = "/things", resource = tickets, scopes = undefined as readonly string[] | undefined } = {},
): Promise<Record<string, string>> {
  cloud.intercept.answer = ({ url }) => (url.startsWith(resource) ? new Response("ok") : undefined);
  await session.fetch(`${resource}${path}`, { method, resource, ...(scopes ? { scopes } : {}) });
  cloud.intercept.answer = undefined;
  return Object.fromEntries(cloud.sent.at(-1)?.headers ?? []);
}

/** What the planner holds out to the researcher. */
export const offer = { to: agentId("researcher"), grants: [{ resource: tickets, scopes: ["tickets:read"] }] };

/** A message to the researcher. */
export const sent = (session: AgentSession, MessageBody = "ticket 42") =>
  attachToMessage(session, { MessageBody }, offer);

/** What was sent, as Lambda gets it from SQS (AWS's documented event, with values of our own). */
export function recordOf(
  message: { MessageBody: string; MessageAttributes?: Record<string, MessageAttribute> },
  more: { messageId?: string; queue?: string; group?: string } = {},
): QueueRecord & Record<string, unknown> {
  const { messageId = "059f36b4-87a3-44ab-83d2-661975830a7d", queue = "work", group } = more;
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([key, { DataType, StringValue }]) => [
    key,
    { stringValue: StringValue, stringListValues: [], binaryListValues: [], dataType: DataType },
  ]);
  return {
    messageId,
    receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
    body: message.MessageBody,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1796040000000",
      SenderId: "AROAEXAMPLE:planner",
      ApproximateFirstReceiveTimestamp: "1796040000001",
      ...(group === undefined ? {} : { MessageGroupId: group, SequenceNumber: "18849496460467696128" }),
    } as QueueRecord["attributes"],
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:eu-west-1:111122223333:${queue}`,
    awsRegion: "eu-west-1",
  };
}
