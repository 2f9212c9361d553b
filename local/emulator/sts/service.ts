/** STS in the query protocol: who one is, documents about oneself, and the sessions of roles. */
import type { Caller } from "../iam/caller.ts";
import { accountOf, sessionArnOf, sessionIdOf } from "../iam/context.ts";
import { type QueryService, queryService, type Result } from "../query.ts";
import { accessOfAssumeRole, assumeRole } from "./assume-role.ts";
import { accessOfWebIdentityToken, type TokenPlace, webIdentityToken } from "./documents.ts";
import { sessionToken } from "./factor.ts";
import { accessOfScopedCredentials, scopedCredentials } from "./scoped.ts";
import { assumeRoleWithWebIdentity, type FederationGround } from "./web-identity.ts";

/** Of STS's answers. */
export const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Opens STS. */
export function openSts(ground: TokenPlace & FederationGround): QueryService {
  return queryService("STS", stsNamespace, {
    // As on AWS, asking who one is needs no permission and cannot be denied.
    GetCallerIdentity: { access: () => [], call: (_, caller) => callerIdentity(caller) },
    GetWebIdentityToken: {
      access: accessOfWebIdentityToken,
      call: (form, caller) => webIdentityToken(form, caller, ground),
    },
    // As on AWS, no permission is needed for one's own credentials.
    GetSessionToken: { access: () => [], call: (form, caller) => sessionToken(form, caller, ground) },
    AssumeRole: {
      access: (form, caller) => accessOfAssumeRole(form, caller, ground),
      call: (form, caller) => assumeRole(form, caller, ground),
    },
    // Who may is decided once the token was verified: nothing but the token says who asks.
    AssumeRoleWithWebIdentity: { access: () => [], call: (form) => assumeRoleWithWebIdentity(form, ground) },
    GetScopedCredentials: {
      access: accessOfScopedCredentials,
      call: (form, caller) => scopedCredentials(form, caller, ground),
    },
  });
}

function callerIdentity(caller: Caller): Result {
  return { Arn: sessionArnOf(caller), UserId: sessionIdOf(caller), Account: accountOf(caller.roleArn) };
}
