import type { PlatformCaller } from "../../core/model/wire.ts";
import type { UrlEvent } from "./url-event.ts";

/**
 * Who signed the call, as Lambda proved it (AuthType AWS_IAM). Use it only where a resource policy denies every
 * invocation except through the function's URL: the sender of a direct Invoke can write any event (threat 18).
 * @returns undefined when the event names nobody; `cognitoIdentity` and the access key are not read
 */
export function platformCallerOf(event: UrlEvent): PlatformCaller | undefined {
  const { userArn, userId, accountId, principalOrgId } = event.requestContext.authorizer?.iam ?? {};
  if (typeof userArn !== "string" || typeof userId !== "string" || typeof accountId !== "string") return undefined;
  const organization =
    typeof principalOrgId === "string" && /^o-[a-z0-9]{10,32}$/.test(principalOrgId) ? principalOrgId : undefined;
  return { arn: userArn, userId, account: accountId, ...(organization === undefined ? {} : { organization }) };
}
