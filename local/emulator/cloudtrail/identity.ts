/** Who called, as `userIdentity` says it. */
import type { ServedCall } from "../front/call.ts";
import type { Caller } from "../iam/caller.ts";
import { accountOf, isoSeconds, isUser, roleIdOf, roleNameOf, sessionArnOf, sessionIdOf } from "../iam/context.ts";

/** Account of a caller; of one without credentials that of the role it asked for. */
export const homeOf = ({ caller, input }: ServedCall): string =>
  accountOf(caller.roleArn) || accountOf((input as { RoleArn?: string }).RoleArn ?? "");

/** The identity behind a call; of a call without credentials the token that it showed. */
export function identityOf(call: ServedCall): Record<string, unknown> {
  if (call.operation === "AssumeRoleWithWebIdentity") return webIdentity(call.input, homeOf(call));
  const { caller } = call;
  const identity = identities.get(caller) ?? (isUser(caller.roleArn) ? iamUser(caller) : assumedRole(caller));
  identities.set(caller, identity);
  return { ...identity, ...(call.invokedBy === undefined ? {} : { invokedBy: call.invokedBy }) };
}

/** Goes with the caller: it says the same of each of its calls. */
const identities = new WeakMap<Caller, Record<string, unknown>>();

/** A user by its own key, or by temporary credentials of its own, which tell of the factor. */
function iamUser(caller: Caller): Record<string, unknown> {
  const { roleArn, credentials, issuedAtMillis, factorAtMillis } = caller;
  const attributes = {
    creationDate: isoSeconds(issuedAtMillis),
    mfaAuthenticated: String(factorAtMillis !== undefined),
  };
  return {
    type: "IAMUser",
    principalId: sessionIdOf(caller),
    arn: roleArn,
    accountId: accountOf(roleArn),
    accessKeyId: credentials.accessKeyId,
    userName: roleNameOf(roleArn),
    ...(credentials.sessionToken === "" ? {} : { sessionContext: { attributes } }),
  };
}

function assumedRole(caller: Caller): Record<string, unknown> {
  const { roleArn, credentials, functionArn } = caller;
  const accountId = accountOf(roleArn);
  const issuer = { principalId: roleIdOf(roleArn), arn: roleArn, accountId, userName: roleNameOf(roleArn) };
  return {
    type: "AssumedRole",
    principalId: sessionIdOf(caller),
    arn: sessionArnOf(caller),
    accountId,
    accessKeyId: credentials.accessKeyId,
    sessionContext: {
      sessionIssuer: { type: "Role", ...issuer },
      ...federation(caller),
      attributes: { creationDate: isoSeconds(caller.issuedAtMillis), mfaAuthenticated: "false" },
      ...sourceIdentityOf(caller),
    },
    ...(functionArn === undefined
      ? {}
      : { inScopeOf: { issuerType: "AWS::Lambda::Function", credentialsIssuedTo: functionArn } }),
  };
}

const federation = ({ federatedProvider }: Caller) =>
  federatedProvider === undefined ? {} : { webIdFederationData: { federatedProvider, attributes: {} } };

const sourceIdentityOf = ({ sourceIdentity }: Caller) => (sourceIdentity === undefined ? {} : { sourceIdentity });

/** The caller as the account of another resource hears of it: neither key nor chain. */
export const foreignIdentity = ({ caller }: ServedCall): Record<string, unknown> => ({
  type: "AWSAccount",
  principalId: sessionIdOf(caller),
  accountId: accountOf(caller.roleArn),
});

/** ARN of the provider in an account that a token names as its issuer. */
export const providerOf = (issuer: string, account: string): string =>
  `arn:aws:iam::${account}:oidc-provider/${issuer.replace(/^https?:\/\//, "")}`;

/** CloudTrail names the provider, the audience and the subject; of the token itself nothing. */
function webIdentity(input: unknown, account: string): Record<string, unknown> {
  const { WebIdentityToken: token = "" } = input as { WebIdentityToken?: string };
  const { iss = "", aud, sub = "" } = claimsOf(token);
  const provider = providerOf(iss, account);
  const audience = Array.isArray(aud) ? String(aud[0]) : (aud ?? "");
  return {
    type: "WebIdentityUser",
    principalId: `${provider}:${audience}:${sub}`,
    userName: sub,
    identityProvider: provider,
  };
}

/** Claims of a token that was verified elsewhere, or refused. */
export function claimsOf(token: string): { iss?: string; aud?: string | string[]; sub?: string; jti?: string } {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  } catch {
    return {};
  }
}
