import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { planNotices, type TransmitDeps, transmit } from "../../core/endpoints/transmitter.ts";
import type { Outcome } from "../../core/events/push.ts";
import type { Undelivered } from "../../core/events/undelivered.ts";
import type { EventQueues } from "../aws/sqs/event-queue.ts";
import { type Message, readMessage, withoutReason } from "./messages.ts";

/** A batch of queue messages as Lambda gives it. */
export interface QueueEvent {
  readonly Records: readonly QueueMessage[];
}

interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Absent where an operator gives the message to the function by hand. */
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** What Lambda leaves in the queue. */
export interface QueueReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Told of what did not go through. */
interface TransmitterWatch {
  /** Comes again by itself. */
  again(receiver: string, why: string): void;
  /** Lies among the undelivered ones and needs a person. */
  setAside(receiver: string, why: string): void;
}

/** How a receiver is given up on. */
interface GivingUp {
  /** After so many tries; fewer than the queue gives, which would set a message aside without a word to the trail. */
  readonly tries: number;
  /** Writes down who was not told; the same message may be written down again. */
  record(undelivered: Undelivered): Promise<void>;
}

/**
 * Works off the queue of security events. A revocation becomes one message a receiver, so that a receiver which is away
 * holds up no other; each of those is pushed until its receiver takes it. A message that fails stays in the queue, which
 * gives it back later. What no repetition would deliver, and what was repeated long enough, is set aside, and the audit
 * trail says who was not told.
 */
export function createTransmitter(
  deps: TransmitDeps,
  queues: EventQueues,
  watch: TransmitterWatch,
  givingUp: GivingUp,
): (event: QueueEvent) => Promise<QueueReport> {
  const progress = async (message: Message): Promise<Outcome> => {
    switch (message.kind) {
      case "other":
        return { kind: "done", why: "it ended nothing" };
      case "malformed":
        return { kind: "refused", why: "the message cannot be read" };
      case "revoked":
        for (const notice of await planNotices(message.revoked, deps)) await queues.send(notice);
        return { kind: "done", why: "each receiver has a message of its own" };
      case "notice":
        return transmit(message.notice, deps);
    }
  };
  const setAside = async (message: Message, body: string, why: string): Promise<void> => {
    // written down first: a message that lies aside untold of would look delivered to whoever reads the evidence
    await givingUp.record({ body, why, ...about(message) });
    await queues.setAside(body, why);
    watch.setAside(receiverOf(message), why);
  };
  /** Throws for a message that comes again: that alone tells Lambda to leave it in the queue. */
  const work = async (sent: QueueMessage): Promise<void> => {
    const body = withoutReason(sent.body);
    const message = readMessage(body, deps.issuer);
    const { kind, why } = await progress(message).catch(comesAgain);
    const isLast = Number(sent.attributes?.ApproximateReceiveCount ?? 0) >= givingUp.tries;
    const forGood =
      kind === "refused" ? why : isLast ? `given up after ${givingUp.tries} tries, the last: ${why}` : undefined;
    try {
      if (kind === "done") return;
      if (forGood === undefined) throw new Error(why);
      await setAside(message, body, forGood);
    } catch (failure) {
      watch.again(receiverOf(message), comesAgain(failure).why);
      throw failure;
    }
  };
  // a batch of which nothing was delivered is no failed batch: the others' count of tries must not depend on it
  return ({ Records }) =>
    processPartialResponse({ Records: Records.map((one) => ({ ...one })) }, work, new BatchProcessor(EventType.SQS), {
      throwOnFullBatchFailure: false,
    });
}

/** Infrastructure that failed may not fail again. */
const comesAgain = (failure: unknown): Outcome => ({
  kind: "again",
  why: failure instanceof Error ? failure.message : "failed",
});

const receiverOf = (message: Message): string => (message.kind === "notice" ? message.notice.receiver : "-");

function about(message: Message): Pick<Undelivered, "receiver" | "revoked"> {
  if (message.kind === "revoked") return { revoked: message.revoked };
  if (message.kind !== "notice") return {};
  const { receiver, about: told } = message.notice;
  return { receiver, ...(told ? { revoked: told.revoked } : {}) };
}
