import { describe, expect, test } from "vitest";
import type { Cloud } from "../../local/emulator/cloudformation/template.ts";
import { judgeOf } from "../../local/emulator/functions/authorizer.ts";
import type { HostedFunction } from "../../local/emulator/functions/host.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:judge";
const sound = {
  AuthorizerUri: `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
  AuthorizerResultTtlInSeconds: 0,
  EnableSimpleResponses: true,
  AuthorizerPayloadFormatVersion: "2.0",
  IdentitySource: ["$request.header.Authorization"],
};
const open = {
  FunctionName: arn,
  Principal: "apigateway.amazonaws.com",
  SourceArn: "arn:aws:execute-api:eu-west-1:111122223333:h1/authorizers/a1",
};

/** A template's authorizer and permission, and a function that answers so. */
const judge = (authorizer: object, permission: object = open, answer: unknown = { isAuthorized: true }) => {
  const resources: Readonly<Record<string, object>> = {
    "AWS::ApiGatewayV2::Authorizer": authorizer,
    "AWS::Lambda::Permission": permission,
  };
  const cloud = {
    ofType: (type: string) => [resources[type]],
    properties: (resource: object) => resource,
    physical: () => ({ ref: "a1" }),
  } as unknown as Cloud;
  const asked: unknown[] = [];
  const invoke = async (event: unknown) => {
    asked.push(event);
    return answer instanceof Error ? { error: { errorType: "Error" } } : { payload: JSON.stringify(answer) };
  };
  return { asked, judge: judgeOf(cloud, "a1", () => ({ invoke }) as unknown as HostedFunction) };
};
const event = {
  version: "2.0",
  routeKey: "ANY /things",
  rawPath: "/things",
  headers: { authorization: "DPoP x" },
  requestContext: { apiId: "h1", stage: "$default", http: { method: "GET" } },
  body: "secret",
  isBase64Encoded: false,
};

describe("an HTTP API's authorizer", () => {
  test.each<[string, object, object, RegExp]>([
    ["keeps results", { AuthorizerResultTtlInSeconds: 300 }, {}, /300 s/],
    ["keeps them by default", { AuthorizerResultTtlInSeconds: undefined }, {}, /300 s/],
    ["answers by policy", { EnableSimpleResponses: undefined }, {}, /simply/],
    ["has payload format 1.0", { AuthorizerPayloadFormatVersion: "1.0" }, {}, /2\.0/],
    ["has no identity source", { IdentitySource: undefined }, {}, /identity source/],
    [
      "may not be invoked for it",
      {},
      { SourceArn: "arn:aws:execute-api:eu-west-1:1:h1/authorizers/other" },
      /let it in/,
    ],
  ])("is not played when it %s", (_, more, permission, why) => {
    expect(() => judge({ ...sound, ...more }, { ...open, ...permission })).toThrow(why);
  });

  test("sees the request without its body, and is asked only where there is an Authorization header", async () => {
    const { asked, judge: ask } = judge(sound);
    expect(await ask({ ...event, headers: {} })).toEqual({ refused: 401 });
    expect(asked).toEqual([]);
    expect(await ask(event)).toEqual({ context: {} });
    const { body: _, isBase64Encoded: __, ...seen } = event;
    const routeArn = "arn:aws:execute-api:eu-west-1:111122223333:h1/$default/GET/things";
    expect(asked).toEqual([{ ...seen, type: "REQUEST", routeArn, identitySource: ["DPoP x"] }]);
  });

  test.each<[unknown, object]>([
    [{ isAuthorized: true, context: { a: "1" } }, { context: { a: "1" } }],
    [{ isAuthorized: false, context: { a: "1" } }, { refused: 403 }],
    [{ isAuthorized: "true" }, { refused: 500 }],
    [null, { refused: 500 }],
    [new Error("it failed"), { refused: 500 }],
  ])("that answers %j lets in or refuses as API Gateway does", async (answer, judged) => {
    expect(await judge(sound, open, answer).judge(event)).toEqual(judged);
  });
});
