/** Who may call a function URL: everybody by its policy, or signed callers that IAM lets in. */
import type { Account } from "../account.ts";
import type { Cloud, Resource } from "../cloudformation/template.ts";
import type { Caller, SignedRequest } from "../iam/caller.ts";
import { contextOf } from "../service.ts";
import { serveUrl } from "./url.ts";

/** The handler of one function URL. A public one needs both permissions that AWS asks for, or it answers nobody. */
export function urlHandler(cloud: Cloud, account: Account, url: Resource) {
  const { AuthType, TargetFunctionArn } = cloud.properties(url);
  const arn = String(TargetFunctionArn);
  const rights = [
    {
      action: "lambda:InvokeFunctionUrl",
      resource: arn,
      context: contextOf({ "lambda:FunctionUrlAuthType": String(AuthType) }),
    },
    { action: "lambda:InvokeFunction", resource: arn, context: contextOf({ "lambda:InvokedViaFunctionUrl": "true" }) },
  ];
  const hosted = () => {
    const found = account.functions.get(arn.slice(arn.lastIndexOf(":") + 1));
    if (found === undefined) throw new Error(`function ${arn} does not exist`);
    return found;
  };
  if (AuthType === "NONE") {
    const refusal = rights.map(account.permissions.anonymousRefusal).find((each) => each !== undefined);
    if (refusal !== undefined) throw new Error(`URL ${url.logicalId} lets nobody in: ${refusal}`);
    return serveUrl({ account: url.stack.account, hosted });
  }
  const authorize = (request: SignedRequest): Caller | string => {
    const signed = account.callers.verify(request);
    if ("code" in signed) return signed.message;
    if (signed.service !== "lambda" || signed.region !== url.stack.region)
      return "Credential is scoped to another service or Region.";
    return rights.some((right) => account.permissions.refusal(signed.caller, right) !== undefined)
      ? "Forbidden"
      : signed.caller;
  };
  return serveUrl({ account: url.stack.account, hosted, authorize });
}
