/** The two kinds of address a function may have. */
import { Fn } from "aws-cdk-lib";
import { CfnResourcePolicy, type FunctionUrl, FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { LanyardFunction } from "./lanyard-function.ts";

/** A URL for everybody: who calls proves it inside. CDK adds both permissions that such a URL needs since October 2025. */
export function publicUrl(of: LanyardFunction): FunctionUrl {
  return of.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
}

/**
 * A URL for callers that IAM lets in. The function believes the caller that the URL's event names, so an event must not
 * come by any other way: whoever may invoke the function directly could write any caller into it (threat 18). `Bool`
 * would not match where the key is absent. No permission may be added to such a function: the policy is the whole document.
 */
export function signedUrl(of: LanyardFunction): FunctionUrl {
  const url = of.function.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  new CfnResourcePolicy(of, "OnlyThroughTheUrl", {
    resourceArn: of.function.functionArn,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "OnlyThroughTheUrl",
          Effect: "Deny",
          Principal: "*",
          Action: "lambda:InvokeFunction",
          Resource: of.function.functionArn,
          Condition: { BoolIfExists: { "lambda:InvokedViaFunctionUrl": "false" } },
        },
      ],
    },
  });
  return url;
}

/** A URL without its trailing slash, scheme kept: what an issuer looks like. */
export function withoutSlash(url: string): string {
  const parts = Fn.split("/", url);
  return Fn.join("/", [Fn.select(0, parts), "", Fn.select(2, parts)]);
}
