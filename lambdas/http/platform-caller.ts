import type { PlatformCaller } from "../../core/model/wire.ts";
import type { UrlEvent } from "./url-event.ts";

/**
 * Who signed the call, as Lambda proved it (AuthType AWS_IAM). To be used only where a resource policy keeps everybody
 * from invoking the function but through its URL: an event that came by Invoke says what its sender likes (threat 18).
 * @returns undefined when the event names nobody; `cognitoIdentity` and the access key are not looked at
 */
export function platformCallerOf(event: UrlEvent): PlatformCaller | undefined {
  const { userArn, userId, accountId, principalOrgId } = event.requestContext.authorizer?.iam ?? {};
  if (typeof userArn !== "string" || typeof userId !== "string" || typeof accountId !== "string") return undefined;
  const organization =
    typeof principalOrgId === "string" && /^o-[a-z0-9]{10,32}$/.test(principalOrgId) ? principalOrgId : undefined;
  return { arn: userArn, userId, account: accountId, ...(organization === undefined ? {} : { organization }) };
}
