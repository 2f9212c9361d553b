import { createHash } from "node:crypto";
import type { AuditRecord, Recorder } from "../audit/record.ts";
import type { Clock } from "../model/ports.ts";
import type { Revoked } from "./revoked.ts";

/** A message that will not be sent again automatically. */
export interface Undelivered {
  /** As it is stored in the queue. */
  readonly body: string;
  /**
   * Name of the receiver's registration; absent where the message names none, or was to be split into one for each
   * receiver.
   */
  readonly receiver?: string;
  /** Absent for a verification event, and where the message cannot be read. */
  readonly revoked?: Revoked;
  /** A text of ours; never one that the receiver sent. */
  readonly why: string;
}

/**
 * The audit record of an event that could not be delivered, so that it is on record who was not told of which
 * revocation. Its id is made from message and reason, so that a repeated message is recorded once.
 */
export function undeliveredRecord(
  { body, receiver, revoked, why }: Undelivered,
  { clock, requestId, toRecord }: { readonly clock: Clock; readonly requestId: string; readonly toRecord: Recorder },
): AuditRecord {
  const about = createHash("sha256")
    .update(JSON.stringify([body, why]))
    .digest("base64url");
  const facts = {
    operation: "event.undelivered",
    outcome: "denied",
    timeMillis: clock.nowMillis(),
    requestId,
    ...(receiver === undefined ? {} : { receiver }),
    ...(revoked === undefined ? {} : { target: `${revoked.kind}:${revoked.id}`, revocation: revoked.uid }),
    reason: why,
  } as const;
  // the id has the form of a refusal's record, since the transmitter's role may write no record of a grant (threat 23)
  return toRecord(facts, `denied#${about.slice(0, 22)}`);
}
