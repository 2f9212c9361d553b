import { type Message, type Notice, readMessage, withoutReason } from "../events/messages.ts";
import { type PlanDeps, planNotices } from "../events/plan-notices.ts";
import type { Outcome } from "../events/push.ts";
import { type TransmitDeps, transmit } from "../events/transmit.ts";
import type { Undelivered } from "../events/undelivered.ts";
import { type Clock, type Ids, nowSeconds } from "../model/ports.ts";

/** Queues of the transmitter: what is on its way, and what a person has to look at. */
export interface EventQueues {
  /** @throws when the queue did not take it */
  send(notice: Notice): Promise<void>;
  /** Sets a message aside that no repetition would deliver. */
  setAside(body: string, why: string): Promise<void>;
}

/** Told of what did not go through. */
interface TransmitterWatch {
  /** Comes again by itself. */
  again(receiver: string, why: string): void;
  /** Lies among the undelivered ones and needs a person. */
  setAside(receiver: string, why: string): void;
}

/** What working off the queue stands on. */
interface TransmitterDeps extends PlanDeps, TransmitDeps {
  readonly store: PlanDeps["store"] & TransmitDeps["store"];
  readonly queues: EventQueues;
  readonly watch: TransmitterWatch;
  /** A receiver is given up on after so many tries; fewer than the queue gives, which would not write it down. */
  readonly tries: number;
  /** Writes down who was not told; the same message may be written down again. */
  record(undelivered: Undelivered): Promise<void>;
}

/** A message as the queue gives it. */
interface Taken {
  readonly body: string;
  /** How often the queue has given it, this time included; 0 where it came by hand. */
  readonly times: number;
}

/**
 * The way of one message of the queue of security events:
 *
 * 1. **read** it: the audit record of a revocation, or what one receiver is to be told; what is neither says so
 *    (`events/messages.ts`)
 * 2. **carry out** what it asks for. What the record tells of is a hint, and only what the tables say is revoked is told:
 *    - of a revocation, *plan* whom to tell what: each receiver's notice is a message of its own, so that a receiver which is
 *      away holds up no other (`events/plan-notices.ts`)
 *    - of a notice, *transmit*: sign it and push it to its receiver, by the registry as it stands now (`events/transmit.ts`)
 * 3. **leave** in the queue what a repetition may deliver, and so whatever failed on the way
 * 4. **set aside** what no repetition would deliver, and what was repeated long enough. The audit trail says first who was
 *    not told: a message that lies aside untold of would look delivered to whoever reads the evidence
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

/** Infrastructure that failed may not fail again. */
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
