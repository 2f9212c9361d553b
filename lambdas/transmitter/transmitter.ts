import { planNotices, type TransmitDeps, transmit } from "../../core/events/transmit.ts";
import type { EventQueues } from "../aws/event-queue.ts";
import { type Message, readMessage, withoutReason } from "./messages.ts";

/** A batch of queue messages as Lambda gives it. */
export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** What Lambda leaves in the queue. */
export interface QueueReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Told of what did not go through. */
export interface TransmitterWatch {
  /** Comes again by itself. */
  again(receiver: string, why: string): void;
  /** Lies among the undelivered ones and needs a person. */
  setAside(receiver: string, why: string): void;
}

/**
 * Works off the queue of security events. A revocation becomes one message a receiver, so that a receiver which is away
 * holds up no other; each of those is pushed until its receiver takes it. A message that fails stays in the queue, which
 * gives it back later and at last sets it aside; what no repetition would deliver is set aside at once.
 */
export function createTransmitter(
  deps: TransmitDeps,
  queues: EventQueues,
  watch: TransmitterWatch,
): (event: QueueEvent) => Promise<QueueReport> {
  const work = async (sent: string): Promise<"done" | "again"> => {
    const body = withoutReason(sent);
    const message = readMessage(body, deps.issuer);
    if (message.kind === "other") return "done";
    if (message.kind === "malformed") return setAside(body, "-", "the message cannot be read");
    return message.kind === "revoked" ? plan(message) : push(message, body);
  };
  const plan = async ({ revoked }: Extract<Message, { kind: "revoked" }>): Promise<"done"> => {
    for (const notice of await planNotices(revoked, deps)) await queues.send(notice);
    return "done";
  };
  const push = async ({ notice }: Extract<Message, { kind: "notice" }>, body: string): Promise<"done" | "again"> => {
    const outcome = await transmit(notice, deps);
    if (outcome.kind === "refused") return setAside(body, notice.receiver, outcome.why);
    if (outcome.kind === "again") watch.again(notice.receiver, outcome.why);
    return outcome.kind;
  };
  const setAside = async (body: string, receiver: string, why: string): Promise<"done"> => {
    await queues.setAside(body, why);
    watch.setAside(receiver, why);
    return "done";
  };
  return async ({ Records }) => {
    const results = await Promise.all(
      Records.map(async ({ messageId, body }) => {
        try {
          return { messageId, outcome: await work(body) };
        } catch (failure) {
          watch.again("-", failure instanceof Error ? failure.message : "failed");
          return { messageId, outcome: "again" as const };
        }
      }),
    );
    const left = results.filter(({ outcome }) => outcome === "again");
    return { batchItemFailures: left.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}
