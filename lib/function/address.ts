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
 * @param options `people`: a caller must be one person. A role's session name is the word of whoever assumes it, so it must
 * be the session's source identity, which the role's trust policy governs and no later role changes; IAM Identity Center
 * names its sessions itself, and an IAM user is one. Where there is no source identity, none of it may call
 * @param operators the only roles that may call, in the form that `aws:PrincipalArn` is compared with; when left out,
 * everybody that IAM admits
 */
export function signedUrl(
  of: LanyardFunction,
  operators?: readonly string[],
  { people = false }: { readonly people?: boolean } = {},
): FunctionUrl {
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
                Action: everyInvocation,
                Resource: of.function.functionArn,
                Condition: { ArnNotLike: { "aws:PrincipalArn": [...operators] } },
              },
            ]),
        ...(people ? onlyPeople(of.function.functionArn) : []),
      ],
    },
  });
  return url;
}

const everyInvocation = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "lambda:InvokeAsync"];

/**
 * Refuses sessions whose name nobody vouches for (threat 58). Two statements, since a variable without a value matches
 * nothing: `/` stands in no session's name.
 */
const onlyPeople = (functionArn: string) => {
  const named = { "aws:PrincipalArn": ["arn:*:iam::*:role/aws-reserved/sso.amazonaws.com/*", "arn:*:iam::*:user/*"] };
  const deny = { Effect: "Deny", Principal: "*", Action: everyInvocation, Resource: functionArn };
  return [
    {
      Sid: "OnlySessionsOfOnePerson",
      ...deny,
      Condition: { ArnNotLike: named, StringNotLike: { "aws:userid": `*:\${aws:SourceIdentity, '/'}` } },
    },
    {
      Sid: "OnlyWithSourceIdentity",
      ...deny,
      Condition: { ArnNotLike: named, Null: { "aws:SourceIdentity": "true" } },
    },
  ];
};

/** A URL without its trailing slash, scheme included, which is the form of an issuer. */
export function withoutSlash(url: string): string {
  const parts = Fn.split("/", url);
  return Fn.join("/", [Fn.select(0, parts), "", Fn.select(2, parts)]);
}
