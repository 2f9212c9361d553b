/** The second factor: shown with a request, or carried by a user's temporary credentials. Roles' sessions carry none. */
import type { Caller } from "../iam/caller.ts";
import { isoSeconds, isUser } from "../iam/context.ts";
import type { Form, Result } from "../query.ts";
import { ServiceError } from "../service.ts";
import type { SessionGround } from "./sessions.ts";
import { needed, text, whole } from "./wants.ts";

const serialShape = { least: 9, most: 256, pattern: /^[\w+=/:,.@-]*$/ };
const codeShape = { least: 6, most: 6, pattern: /^\d*$/ };

type FactorGround = Pick<SessionGround, "users" | "nowMillis">;

/** Takes the code that a request shows. @returns when; undefined where it shows none. Throws `AccessDenied` */
function takeCode(form: Form, caller: Caller, { users, nowMillis }: FactorGround): number | undefined {
  const code = text(form, "TokenCode", codeShape);
  if (code === undefined) return undefined;
  users.takeCode(caller, needed(form, "SerialNumber", serialShape), code);
  return nowMillis();
}

/**
 * Condition keys of the factor that a request shows or the caller's credentials carry. Credentials that could carry none
 * have no such keys: neither a user's own nor a role's session.
 */
export function factorKeys(form: Form, caller: Caller, ground: FactorGround): Record<string, string | undefined> {
  const atMillis = takeCode(form, caller, ground) ?? caller.factorAtMillis;
  const isTemporary = isUser(caller.roleArn) && caller.credentials.sessionToken !== "";
  if (atMillis === undefined && !isTemporary) return {};
  const ageSeconds = atMillis === undefined ? undefined : Math.floor((ground.nowMillis() - atMillis) / 1000);
  return {
    "aws:MultiFactorAuthPresent": String(atMillis !== undefined),
    "aws:MultiFactorAuthAge": ageSeconds === undefined ? undefined : String(ageSeconds),
  };
}

/** GetSessionToken: a user's own credentials for a while, and the factor with them. */
export function sessionToken(form: Form, caller: Caller, ground: SessionGround): Result {
  const { roleArn, sessionName, tags, credentials } = caller;
  if (!isUser(roleArn) || credentials.sessionToken !== "")
    throw new ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
  const lifeSeconds = whole(form, "DurationSeconds", [900, 129_600]) ?? 43_200;
  const factorAtMillis = takeCode(form, caller, ground);
  const expiresAtMillis = Math.floor(ground.nowMillis() / 1000 + lifeSeconds) * 1000;
  const session = { roleArn, sessionName, tags, ...(factorAtMillis === undefined ? {} : { factorAtMillis }) };
  const made = ground.callers.issue(session, { expiresAtMillis });
  return {
    Credentials: {
      AccessKeyId: made.accessKeyId,
      SecretAccessKey: made.secretAccessKey,
      SessionToken: made.sessionToken,
      Expiration: isoSeconds(expiresAtMillis),
    },
  };
}
