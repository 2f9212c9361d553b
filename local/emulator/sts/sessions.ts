/** Opening role sessions, whichever operation asks for one: life, session policies, credentials and what is answered. */
import type { Callers, RoleSession, SessionPolicy } from "../iam/caller.ts";
import { accountOf, isoSeconds, sessionArnOf, sessionIdOf } from "../iam/context.ts";
import { readIdentityPolicy } from "../iam/managed.ts";
import type { Roles } from "../iam/roles.ts";
import type { Users } from "../iam/users.ts";
import { type Form, membersOf, type Result } from "../query.ts";
import { ServiceError } from "../service.ts";
import { mostTokenBytes, packSession } from "./session-token.ts";
import { arnShape, invalid, policyShape, text, whole } from "./wants.ts";

/** What sessions are opened with. */
export interface SessionGround {
  readonly roles: Roles;
  readonly callers: Callers;
  readonly users: Users;
  readonly nowMillis: () => number;
}

const mostPolicyArns = 10;

/** Seconds that a session of a role shall live. */
export function lifeOf(form: Form, maxSessionSeconds: number, isChained: boolean): number {
  const asked = whole(form, "DurationSeconds", [900, 43_200]) ?? 3_600;
  if (isChained && asked > 3_600) {
    throw new ServiceError(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  }
  if (asked > maxSessionSeconds) {
    throw new ServiceError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  return asked;
}

/** Bytes that the session token shall have at least, so that whoever has to carry large ones can try it. */
export const leastTokenBytesOf = (form: Form): number =>
  whole(form, "MinimumSessionTokenSize", [0, mostTokenBytes]) ?? 0;

/**
 * The session policy of a request: its document and its managed policies, which allow together.
 * @returns none when it names neither; throws `MalformedPolicyDocument`
 */
export function sessionPolicyOf(form: Form, roleArn: string, { policies }: Roles): readonly SessionPolicy[] {
  const document = text(form, "Policy", policyShape);
  const arns = membersOf(form, "PolicyArns", "arn");
  if (arns.length > mostPolicyArns) throw invalid(`PolicyArns must have at most ${mostPolicyArns} members`);
  const plain = (document ?? "").length + arns.join("").length;
  if (plain > policyShape.most) throw invalid(`Policy and PolicyArns have ${plain} characters, more than 2048`);
  if (document === undefined && arns.length === 0) return [];
  const managed = arns.flatMap((arn) => {
    const found = arn.length <= arnShape.most && accountOf(arn) === accountOf(roleArn) ? policies.get(arn) : undefined;
    if (found === undefined) throw new ServiceError("MalformedPolicyDocument", `the policy ${arn} is not there`);
    return found.statements;
  });
  const own = document === undefined ? [] : readIdentityPolicy(document, "the session");
  return [{ document: JSON.stringify([document, ...arns]), statements: [...own, ...managed] }];
}

/** Opens a session: gives it credentials, and says what STS says of it. */
export function openSession(
  session: RoleSession,
  { callers, nowMillis }: SessionGround,
  { lifeSeconds, leastTokenBytes }: { readonly lifeSeconds: number; readonly leastTokenBytes: number },
): { readonly credentials: Result; readonly size: Result; readonly arn: string; readonly id: string } {
  const { token, ...size } = packSession(session, leastTokenBytes);
  // to the second, as it is told: never longer than asked for
  const expiresAtMillis = Math.floor(nowMillis() / 1000 + lifeSeconds) * 1000;
  const made = callers.issue(session, { expiresAtMillis, sessionToken: token });
  const credentials = {
    AccessKeyId: made.accessKeyId,
    SecretAccessKey: made.secretAccessKey,
    SessionToken: made.sessionToken,
    Expiration: isoSeconds(expiresAtMillis),
  };
  return { credentials, size, arn: sessionArnOf(session), id: sessionIdOf(session) };
}
