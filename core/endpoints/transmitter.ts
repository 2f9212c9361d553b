import { type Message, type Notice, readMessage, withoutReason } from "../events/messages.ts";
import { type PlanDeps, planNotices } from "../events/plan-notices.ts";
import type { Outcome } from "../events/push.ts";
import { type TransmitDeps, transmit } from "../events/transmit.ts";
import type { Undelivered } from "../events/undelivered.ts";
import { type Clock, type Ids, nowSeconds } from "../model/ports.ts";

/** Queues of the transmitter: messages to deliver, and messages that a person has to look at. */
export interface EventQueues {
  /** @throws when the queue did not accept it */
  send(notice: Notice): Promise<void>;
  /** Sets a message aside that repeating would not deliver. */
  setAside(body: string, why: string): Promise<void>;
}

/** Called for messages that were not delivered. */
interface TransmitterWatch {
  /** The queue will give the message again. */
  again(receiver: string, why: string): void;
  /** The message is among the undelivered ones and needs a person. */
  setAside(receiver: string, why: string): void;
}

/** What handling the queue needs. */
interface TransmitterDeps extends PlanDeps, TransmitDeps {
  readonly store: PlanDeps["store"] & TransmitDeps["store"];
  readonly queues: EventQueues;
  readonly watch: TransmitterWatch;
  /**
   * After so many tries a message is given up. The number is smaller than the queue's own, since the queue would not
   * record who was not told.
   */
  readonly tries: number;
  /** Records who was not told; the same message may be recorded again. */
  record(undelivered: Undelivered): Promise<void>;
}

/** A message from the queue. */
interface Taken {
  readonly body: string;
  /** How often the queue has given it, this time included; 0 when an operator sent it. */
  readonly times: number;
}

/**
 * Handles one message of the queue of security events:
 *
 * 1. **read** it: the audit record of a revocation, or what one receiver has to be told; any other message is refused
 *    (`events/messages.ts`)
 * 2. **carry out** what it asks for. The record is only a hint: only revocations that the tables confirm are told
 *    (threat 23):
 * - of a revocation, *plan* whom to tell what: each receiver's notice is a message of its own, so that an unreachable
 *   receiver does not hold up the others (`events/plan-notices.ts`)
 * - of a notice, *transmit*: sign it and push it to its receiver, by the present registry (`events/transmit.ts`)
 * 3. **leave** in the queue what repeating may deliver, and so everything that failed on the way
 * 4. **set aside** what repeating would not deliver, and what was repeated long enough. The audit first records who was
 *    not told: otherwise, by the records, a message that was set aside would look delivered
 *
 * @returns `again` for a message that the queue must give again
 */
export function createTransmitter(deps: TransmitterDeps): (taken: Taken) => Promise<"done" | "again"> {
  return async ({ body: sent, times }) => {
    // 1. read
    const body = withoutReason(sent);
    const message = readMessage(body, deps.issuer);
    const comesAgain = (why: string) => {
      deps.watch.again(receiverOf(message), why);
      return "again" as const;
    };
    // 2. carry out
    const { kind, why } = await carryOut(message, deps).catch(failed);
    if (kind === "done") return "done";
    // 3. leave
    const isLast = times >= deps.tries;
    if (kind === "again" && !isLast) return comesAgain(why);
    // 4. set aside
    const forGood = kind === "refused" ? why : `given up after ${deps.tries} tries, the last: ${why}`;
    const aside = await setAside(message, { body, why: forGood }, deps).catch(failed);
    return aside.kind === "done" ? "done" : comesAgain(aside.why);
  };
}

async function carryOut(message: Message, deps: TransmitterDeps): Promise<Outcome> {
  switch (message.kind) {
    case "other":
      return { kind: "done", why: "it ended nothing" };
    case "malformed":
      return { kind: "refused", why: "the message cannot be read" };
    case "revoked":
      for (const notice of await planNotices(message.revoked, deps)) await deps.queues.send(notice);
      return { kind: "done", why: "each receiver has a message of its own" };
    case "notice":
      return transmit(message.notice, deps);
  }
}

async function setAside(
  message: Message,
  { body, why }: { readonly body: string; readonly why: string },
  { queues, watch, record }: TransmitterDeps,
): Promise<Outcome> {
  await record({ body, why, ...about(message) });
  await queues.setAside(body, why);
  watch.setAside(receiverOf(message), why);
  return { kind: "done", why };
}

/** A failure of infrastructure may be temporary, so the message is tried again. */
const failed = (failure: unknown): Outcome => ({
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

/**
 * Puts a verification event for one receiver into the queue (SSF 1.0 8.1.4), for an operator who wants to see it arrive.
 * @param receiver name of its registration
 */
export async function askForVerification(
  receiver: string,
  deps: { readonly clock: Clock; readonly ids: Ids; readonly queues: Pick<EventQueues, "send"> },
): Promise<Notice> {
  const notice: Notice = { receiver, uid: deps.ids.id(), issuedAtSeconds: nowSeconds(deps.clock) };
  await deps.queues.send(notice);
  return notice;
}
