import { isAbout } from "./about.ts";
import { asObject, asRevoked, isUid, type Revoked, readRevoked } from "./revoked.ts";
import type { SubjectId } from "./security-event.ts";

/** What one receiver has to be told, as a message of the queue. */
export interface Notice {
  readonly receiver: string;
  /** Absent for a verification event. */
  readonly about?: { readonly revoked: Revoked; readonly subject: SubjectId };
  readonly uid: string;
  readonly issuedAtSeconds: number;
}

/** A message of the transmitter's queue. */
export type Message =
  /** The audit record of a revocation, from the bus. */
  | { readonly kind: "revoked"; readonly revoked: Revoked }
  /** What one receiver has to be told; sent by the transmitter to itself. */
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "other" }
  | { readonly kind: "malformed" };

/**
 * The original message inside one that was set aside together with its reason. An operator who has removed the cause
 * gives it to the function again as it is stored.
 */
export function withoutReason(body: string): string {
  try {
    const { why, body: inner } = asObject(JSON.parse(body));
    return typeof why === "string" && typeof inner === "string" ? inner : body;
  } catch {
    return body;
  }
}

/**
 * Reads a message's body.
 * @param issuer our own issuer; a notice about another issuer's subjects is refused
 */
export function readMessage(body: string, issuer: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { kind: "malformed" };
  }
  const { notice } = asObject(value);
  if (notice !== undefined) {
    const read = readNotice(notice, issuer);
    return read ? { kind: "notice", notice: read } : { kind: "malformed" };
  }
  const revoked = readRevoked(value);
  return typeof revoked === "string" ? { kind: revoked } : { kind: "revoked", revoked };
}

function readNotice(value: unknown, issuer: string): Notice | undefined {
  const { receiver, about, uid, issuedAtSeconds } = asObject(value);
  if (typeof receiver !== "string" || !isUid(uid) || typeof issuedAtSeconds !== "number") return undefined;
  if (about === undefined) return { receiver, uid, issuedAtSeconds };
  const { revoked, subject } = asObject(about);
  const read = asRevoked(revoked);
  if (!read || read.uid !== uid || !isAbout(subject, read, issuer)) return undefined;
  return { receiver, uid, issuedAtSeconds, about: { revoked: read, subject } };
}
