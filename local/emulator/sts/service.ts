/** STS in the query protocol: who one is, documents about oneself, and the sessions of roles. */
import type { Caller } from "../iam/caller.ts";
import { accountOf, sessionArnOf, sessionIdOf } from "../iam/context.ts";
import { type Access, ServiceError } from "../service.ts";
import { accessOfAssumeRole, assumeRole } from "./assume-role.ts";
import { accessOfWebIdentityToken, type TokenPlace, webIdentityToken } from "./documents.ts";
import { answerXml, errorXml, type Form, type Result } from "./form.ts";
import { accessOfScopedCredentials, scopedCredentials } from "./scoped.ts";
import type { SessionGround } from "./sessions.ts";

/** A decoded STS request: the form's fields. */
export type StsForm = Form;

/** The embedded STS. */
export interface Sts {
  /** Rights that the call needs, all of them; throws `ServiceError` for what is not well formed. */
  access(form: Form, caller: Caller): Access[];
  /** The answer's members; throws `ServiceError`. */
  call(form: Form, caller: Caller): Result;
}

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Opens STS. */
export function openSts(ground: TokenPlace & SessionGround): Sts {
  const operations: Record<string, Operation> = {
    // As on AWS, asking who one is needs no permission and cannot be denied.
    GetCallerIdentity: { access: () => [], call: (_, caller) => callerIdentity(caller) },
    GetWebIdentityToken: {
      access: accessOfWebIdentityToken,
      call: (form, caller) => webIdentityToken(form, caller, ground),
    },
    AssumeRole: {
      access: (form, caller) => accessOfAssumeRole(form, caller, ground),
      call: (form, caller) => assumeRole(form, caller, ground),
    },
    GetScopedCredentials: {
      access: accessOfScopedCredentials,
      call: (form, caller) => scopedCredentials(form, caller, ground),
    },
  };
  const named = (form: Form): Operation => {
    const action = form.get("Action") ?? "";
    const found = Object.hasOwn(operations, action) ? operations[action] : undefined;
    if (found === undefined) throw new ServiceError("InvalidAction", `the embedded cloud has no STS ${action}`);
    return found;
  };
  return {
    access: (form, caller) => named(form).access(form, caller),
    call: (form, caller) => named(form).call(form, caller),
  };
}

/** One operation. */
type Operation = Sts;

function callerIdentity(caller: Caller): Result {
  return { Arn: sessionArnOf(caller), UserId: sessionIdOf(caller), Account: accountOf(caller.roleArn) };
}

/** A good answer of STS. */
export const stsAnswer = (action: string, result: Result, requestId: string): string =>
  answerXml(action, result, { namespace, requestId });

/** An error of STS. */
export const stsError = (code: string, message: string, requestId: string): string =>
  errorXml(code, message, { namespace, requestId });
