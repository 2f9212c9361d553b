import type { Operator } from "../../core/model/operator.ts";
import type { UrlEvent } from "./url-event.ts";

/**
 * Who signed the call, as Lambda proved it (AuthType AWS_IAM). It can be trusted only because a resource policy denies
 * every invocation except through the function's URL (threat 18).
 * @returns undefined when the event names nobody. The unique id (AROA...) tells operators apart, since a role that is
 * deleted and created again under its name has another one
 */
export function operatorOf(event: UrlEvent): Operator | undefined {
  const { userArn, userId } = event.requestContext.authorizer?.iam ?? {};
  if (typeof userArn !== "string" || typeof userId !== "string") return undefined;
  const uniqueId = userId.split(":")[0] ?? "";
  return /^arn:[a-z-]+:(sts|iam)::/.test(userArn) && /^[A-Z0-9]{12,128}$/.test(uniqueId)
    ? { arn: userArn.slice(0, 512), uniqueId }
    : undefined;
}
