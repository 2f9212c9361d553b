/** The two kinds of address a function may have. */
import { Fn } from "aws-cdk-lib";
import { CfnResourcePolicy, type FunctionUrl, FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { LanyardFunction } from "./lanyard-function.ts";

/**
 * A URL for everybody; the function authenticates its callers itself. CDK adds both permissions that such a URL needs
 * since October 2025.
 */
export function publicUrl(of: LanyardFunction): FunctionUrl {
  return of.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
}

/**
 * A URL for callers that IAM admits. The function trusts the caller that the URL's event names, so an event must not
 * come in any other way: somebody who could invoke the function directly could write any caller into it (threat 18).
 * `Bool` would not match where the key is absent. No other permission may be added to such a function, since this
 * policy replaces the whole document.
 * @param operators the only roles that may call, in the form that `aws:PrincipalArn` is compared with; when left out,
 * everybody that IAM admits
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
          // the older action invokes a function as well
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

/** A URL without its trailing slash, scheme included, which is the form of an issuer. */
export function withoutSlash(url: string): string {
  const parts = Fn.split("/", url);
  return Fn.join("/", [Fn.select(0, parts), "", Fn.select(2, parts)]);
}
