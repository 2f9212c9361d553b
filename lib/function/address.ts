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
 * @param operators the only roles that may call, as `aws:PrincipalArn` is compared with; left out, whomever IAM lets in
 */
export function signedUrl(of: LanyardFunction, operators?: readonly string[]): FunctionUrl {
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
          // the older action invokes as well
          Action: ["lambda:InvokeFunction", "lambda:InvokeAsync"],
          Resource: of.function.functionArn,
          Condition: { BoolIfExists: { "lambda:InvokedViaFunctionUrl": "false" } },
        },
        ...(operators === undefined
          ? []
          : [
              {
                Sid: "OnlyOperatorsOfTheStage",
                Effect: "Deny",
                Principal: "*",
                Action: ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "lambda:InvokeAsync"],
                Resource: of.function.functionArn,
                Condition: { ArnNotLike: { "aws:PrincipalArn": [...operators] } },
              },
            ]),
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
