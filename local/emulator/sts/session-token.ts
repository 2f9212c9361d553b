/**
 * The session token: it carries the session's policies and tags, packed, and that bounds them. How STS packs is not
 * published; this packs with DEFLATE, so that a session that is far too large here is too large there, and no more.
 */
import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { RoleSession } from "../iam/caller.ts";
import { ServiceError } from "../service.ts";

/** Bytes of a session token, at most. */
export const mostTokenBytes = 4_096;
/** What a token holds beside policies and tags: who, until when, and the seal over it. */
const fixedBytes = 160;

/** A token and what STS says of its size. */
interface SessionToken {
  readonly token: string;
  readonly SessionTokenSize: number;
  /** Of the most that a token may have, in percent. */
  readonly SessionTokenUtilization: number;
}

/**
 * Packs a session.
 * @param leastBytes size that the caller wants the token to have at least, to try out large ones
 * @returns the token; throws `PackedPolicyTooLarge`
 */
export function packSession(session: RoleSession, leastBytes: number): SessionToken {
  const { tags, transitiveTagKeys, sourceIdentity, sessionPolicies = [] } = session;
  const carried = [sessionPolicies.map(({ document }) => document), tags, transitiveTagKeys, sourceIdentity];
  const packed = deflateRawSync(JSON.stringify(carried), { level: 9 });
  const bytes = Buffer.concat([randomBytes(fixedBytes), packed]);
  const missing = Math.ceil((leastBytes * 3) / 4) - bytes.length;
  const token = (missing > 0 ? Buffer.concat([bytes, randomBytes(missing)]) : bytes).toString("base64");
  if (token.length > mostTokenBytes) {
    const message = `The session token would have ${token.length} bytes; the maximum allowed size is ${mostTokenBytes} bytes.`;
    throw new ServiceError("PackedPolicyTooLarge", message);
  }
  const SessionTokenUtilization = Math.ceil((token.length * 100) / mostTokenBytes);
  return { token, SessionTokenSize: token.length, SessionTokenUtilization };
}
