import type { Expected, LanyardAgent } from "../agent/agent.ts";
import type { AgentSession } from "../agent/session.ts";
import { receive } from "./receive.ts";

/** A record of SQS as Lambda gets it, as far as it is read here. */
export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  readonly eventSourceARN: string;
  readonly attributes: { readonly MessageGroupId?: string };
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
}

/** What failed of a batch, as Lambda tells SQS: the rest is deleted from the queue. */
export interface QueueAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** How a queue is worked off. */
export interface QueueHandlerInput<Message extends QueueRecord> {
  readonly agent: Pick<LanyardAgent, "redeem">;
  /** Whose work is taken from this queue, or how that follows from a record. */
  readonly expect: Expected | ((record: Message) => Expected);
  /** Told of every message that failed, and comes again. Log the code; never the record, which is somebody's data. */
  readonly failed: (error: unknown, record: Message) => void;
}

/** Most messages of a batch that are worked on at a time. */
const atOnce = 10;

/**
 * Wraps the work on one message into a Lambda handler of a queue: each message has a session of its own, and one that
 * fails is told by itself (partial batch response). The mapping must say so (`ReportBatchItemFailures`), or Lambda takes
 * the whole batch for done. In a FIFO queue a failure holds back what came after it in its group.
 * @param work gets the record and the session of its offer
 * @returns the handler to export
 * @throws TypeError, when called, for an event that is no batch of SQS
 */
export function createQueueHandler<Message extends QueueRecord>(
  input: QueueHandlerInput<Message>,
  work: (record: Message, session: AgentSession) => Promise<void>,
): (event: { readonly Records: readonly Message[] }) => Promise<QueueAnswer> {
  const { agent, expect, failed } = input;
  const workOn = async (record: Message): Promise<boolean> => {
    try {
      const session = await receive(agent, record, { expect: typeof expect === "function" ? expect(record) : expect });
      await work(record, session);
      return true;
    } catch (error) {
      failed(error, record);
      return false;
    }
  };
  return async ({ Records: records }) => {
    if (!Array.isArray(records)) throw new TypeError("not a batch of messages of SQS");
    const left = lanesOf(records);
    const failures: Message[] = [];
    const takeLanes = async (): Promise<void> => {
      for (let lane = left.shift(); lane; lane = left.shift()) {
        const done = await doneOf(lane, workOn);
        failures.push(...lane.slice(done));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, takeLanes));
    return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

/** How many were done, in their order, before the first that failed. */
async function doneOf<Message>(
  lane: readonly Message[],
  workOn: (record: Message) => Promise<boolean>,
): Promise<number> {
  for (const [at, record] of lane.entries()) if (!(await workOn(record))) return at;
  return lane.length;
}

/** What must be done in order: the messages of a group, in a FIFO queue. Elsewhere each stands alone. */
function lanesOf<Message extends QueueRecord>(records: readonly Message[]): Message[][] {
  const lanes = new Map<string, Message[]>();
  for (const [at, record] of records.entries()) {
    const group = record.eventSourceARN?.endsWith(".fifo") ? record.attributes?.MessageGroupId : undefined;
    const name = group === undefined ? `message ${at}` : `group ${group}`;
    lanes.set(name, [...(lanes.get(name) ?? []), record]);
  }
  return [...lanes.values()];
}
