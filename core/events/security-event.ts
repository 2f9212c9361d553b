import { createHash } from "node:crypto";
import type { Revoked, RevokedKind } from "./revoked.ts";

/** Event types (CAEP 1.0 section 3.1, SSF 1.0 section 7.1.4.2). */
export const eventTypes = {
  sessionRevoked: "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
  verification: "https://schemas.openid.net/secevent/ssf/event-type/verification",
} as const;

/** `typ` of a security event token (RFC 8417 section 2.3). */
export const eventTyp = "secevent+jwt";

/** A subject identifier (RFC 9493, SSF 1.0 section 3). */
export type SubjectId =
  | { readonly format: "opaque"; readonly id: string }
  | { readonly format: "uri"; readonly uri: string }
  | { readonly format: "iss_sub"; readonly iss: string; readonly sub: string }
  | {
      readonly format: "complex";
      readonly session?: SubjectId;
      readonly user?: SubjectId;
      readonly application?: SubjectId;
      readonly tenant?: SubjectId;
    };

/** One session and all below it: their tokens carry its id as `sid`, `root` or in `anc`. */
export const sessionSubject = (issuer: string, sid: string, principal: string): SubjectId => ({
  format: "complex",
  session: { format: "opaque", id: sid },
  user: userSubject(issuer, principal),
});

/** Every session of a principal. */
export const principalSubject = (issuer: string, principal: string): SubjectId => ({
  format: "complex",
  user: userSubject(issuer, principal),
});

/** Every session an agent takes part in: their tokens name it as `client_id` or in `act`. */
export const agentSubject = (agent: string): SubjectId => ({
  format: "complex",
  application: { format: "uri", uri: agent },
});

/** Every session of the deployment. */
export const deploymentSubject = (issuer: string): SubjectId => ({
  format: "complex",
  tenant: { format: "uri", uri: issuer },
});

const userSubject = (issuer: string, principal: string): SubjectId => ({
  format: "iss_sub",
  iss: issuer,
  sub: principal,
});

/**
 * Members of our complex subjects that a receiver must not ignore: without one of them the subject would mean more (SSF
 * 7.1).
 */
export const criticalMembers = ["session", "user", "application", "tenant"] as const;

/** Claims of a security event token: neither `sub` nor `exp`, which SSF 1.0 section 4.1 forbids. */
export interface SecurityEvent {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly aud: string;
  readonly txn: string;
  readonly sub_id: SubjectId;
  /** Exactly one (CAEP interoperability profile). */
  readonly events: Readonly<Record<string, object>>;
}

/** To whom an event goes, and when. */
interface Addressing {
  readonly issuer: string;
  /** Name of the receiver's registration. */
  readonly receiver: string;
  readonly audience: string;
  readonly subject: SubjectId;
  readonly issuedAtSeconds: number;
}

/**
 * Claims of `session-revoked`. They depend only on the input, so that a repeated event is the same byte for byte and
 * the receiver recognizes it by its `jti` (RFC 8935 section 2).
 */
export function sessionRevoked(revoked: Revoked, to: Addressing): SecurityEvent {
  return {
    ...envelope(revoked.uid, to),
    events: {
      [eventTypes.sessionRevoked]: {
        event_timestamp: revoked.atSeconds,
        initiating_entity: revoked.by,
        reason_admin: { en: reasons[revoked.by][revoked.kind] },
        reason_user: { en: "The access this session gave has been withdrawn." },
      },
    },
  };
}

/** Claims of a verification event: the stream is the registration, which has one receiver (SSF 1.0 section 8.1.4). */
export function verification(uid: string, to: Omit<Addressing, "subject">): SecurityEvent {
  const subject: SubjectId = { format: "opaque", id: to.receiver };
  return { ...envelope(uid, { ...to, subject }), events: { [eventTypes.verification]: {} } };
}

const envelope = (uid: string, { issuer, receiver, audience, subject, issuedAtSeconds }: Addressing) => ({
  iss: issuer,
  jti: createHash("sha256")
    .update(JSON.stringify([uid, receiver, subject]))
    .digest("base64url")
    .slice(0, 22),
  iat: issuedAtSeconds,
  aud: audience,
  txn: uid,
  sub_id: subject,
});

/** Fixed texts: the reason that an operator wrote stays in the audit trail and is never sent to a third party. */
const reasons: Readonly<Record<Revoked["by"], Readonly<Record<RevokedKind, string>>>> = {
  admin: {
    session: "An operator revoked the session and every session below it.",
    agent: "An operator revoked the agent; every session it takes part in is over.",
    principal: "An operator revoked the principal; every session for it is over.",
    build: "An operator revoked the code that the agent ran; sessions opened under it are over.",
    deployment: "An operator revoked every session of the deployment.",
  },
  system: {
    session: "The agent ended the session and every session below it.",
    agent: "The agent's sessions ended.",
    principal: "The principal's sessions ended.",
    build: "Sessions of this build ended.",
    deployment: "Every session ended.",
  },
};
