import { createHash } from "node:crypto";
import { toRecord } from "../audit/ocsf.ts";
import type { AuditRecord } from "../audit/record.ts";
import type { Clock } from "../model/ports.ts";
import type { Revoked } from "./revoked.ts";

/** A message nobody will send again by itself. */
export interface Undelivered {
  /** As it lies in the queue. */
  readonly body: string;
  /** Name of the receiver's registration; absent where the message does not say, or was to become one for each. */
  readonly receiver?: string;
  /** Absent for a verification event, and where the message cannot be read. */
  readonly revoked?: Revoked;
  /** Words of ours: a receiver's own never stand here. */
  readonly why: string;
}

/**
 * The audit record of a receiver who was given up on, so that evidence shows who was not told of which revocation. Its
 * id is made of message and reason: a message that comes again is told of once.
 */
export function undeliveredRecord(
  { body, receiver, revoked, why }: Undelivered,
  { clock, requestId }: { readonly clock: Clock; readonly requestId: string },
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
  // the name of a refusal's record: the transmitter's role can write no record of a grant (threat 23)
  return toRecord(facts, `denied#${about.slice(0, 22)}`);
}
