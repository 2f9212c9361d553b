/** GetScopedCredentials: the caller's own session once more, with less of it or for less long, never more. */
import type { Caller, RoleSession } from "../iam/caller.ts";
import { accountOf } from "../iam/context.ts";
import { readIdentityPolicy } from "../iam/managed.ts";
import type { Form, Result } from "../query.ts";
import { type Access, ServiceError } from "../service.ts";
import { leastTokenBytesOf, openSession, type SessionGround } from "./sessions.ts";
import { descriptionShape, invalid, policyShape, text, whole } from "./wants.ts";

/** Policies that may be laid on one session. */
const mostScopedPolicies = 3;
const mostSeconds = 129_600;

/** The right that the call needs; the action is on no resource in particular. */
export const accessOfScopedCredentials = (_: Form, caller: Caller): Access[] => [
  // about nothing but the caller's own session, so it is decided in the caller's account
  { action: "sts:GetScopedCredentials", resource: "*", owner: accountOf(caller.roleArn), context: {} },
];

/**
 * Opens the narrower session. Everything else of the caller's session stays what it is: ARN, name, tags, source identity
 * and the policies that limit it already.
 */
export function scopedCredentials(form: Form, caller: Caller, ground: SessionGround): Result {
  const document = text(form, "Policy", policyShape);
  const durationSeconds = whole(form, "DurationSeconds", [1, mostSeconds]);
  const leastTokenBytes = leastTokenBytesOf(form);
  text(form, "ScopedSessionDescription", descriptionShape);
  if (document === undefined && durationSeconds === undefined)
    throw invalid("at least one of Policy and DurationSeconds must be given");
  const { scopedPolicies = 0, sessionPolicies = [] } = caller;
  if (document !== undefined && scopedPolicies >= mostScopedPolicies) {
    const message = `The session has ${mostScopedPolicies} scope down policies already.`;
    throw new ServiceError("AccessDenied", message, 403);
  }
  const remainingSeconds = (caller.expiresAtMillis - ground.nowMillis()) / 1000;
  if (durationSeconds !== undefined && durationSeconds > remainingSeconds) {
    const message = "The requested DurationSeconds is greater than the remaining lifetime of the calling session.";
    throw new ServiceError("InsufficientSessionLifetime", message);
  }
  const laidOn = document === undefined ? [] : [{ document, statements: readIdentityPolicy(document, "the session") }];
  const { credentials: _, issuedAtMillis: __, expiresAtMillis: ___, ...own } = caller;
  const session: RoleSession = {
    ...own,
    sessionPolicies: [...sessionPolicies, ...laidOn],
    scopedPolicies: scopedPolicies + laidOn.length,
  };
  const lifeSeconds = durationSeconds ?? remainingSeconds;
  const { credentials, size, arn, id } = openSession(session, ground, { lifeSeconds, leastTokenBytes });
  return {
    Credentials: credentials,
    SessionInfo: { ScopedSessionId: id, Arn: arn },
    ...size,
    ScopedPoliciesCount: session.scopedPolicies,
    ...(caller.sourceIdentity === undefined ? {} : { SourceIdentity: caller.sourceIdentity }),
  };
}
