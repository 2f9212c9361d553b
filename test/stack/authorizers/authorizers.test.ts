import { App, Duration, Stack, Validations } from "aws-cdk-lib";
import { MockIntegration, RestApi } from "aws-cdk-lib/aws-apigateway";
import { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpUrlIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Definition, GraphqlApi } from "aws-cdk-lib/aws-appsync";
import { Code, Function as Lambda, Runtime } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, test } from "vitest";
import { dpopAlgorithms } from "../../../core/jose/dpop.ts";
import { challengeAlgorithms } from "../../../lib/authorizers/rest.ts";
import { appSyncAuthorization, HttpApiAuthorizer, RestAuthorizer } from "../../../lib/index.ts";
import { team, validates } from "../targets/ground.ts";

const resource = "https://tickets.example/v1";
const env = { account: team, region: "eu-west-1" };
type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> };

/** A team's stack with a function, and what `use` adds; its resources by logical id. */
function made(use: (stack: Stack, handler: Lambda) => void): Readonly<Record<string, Resource>> {
  validates(false);
  const app = new App();
  const stack = new Stack(app, "Team", { env });
  use(stack, functionIn(stack));
  return (app.synth().getStackByName("Team").template as { Resources: Record<string, Resource> }).Resources;
}
const functionIn = (stack: Stack) =>
  new Lambda(stack, "Judge", { code: Code.fromInline("-"), handler: "index.handler", runtime: Runtime.NODEJS_24_X });
const of = (resources: Readonly<Record<string, Resource>>, type: string) =>
  Object.values(resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties);

const rest = (stack: Stack, handler: Lambda, more: object = {}) => {
  const api = new RestApi(stack, "Api");
  const authorizer = new RestAuthorizer(stack, "Lanyard", { api, handler, resource, ...more });
  api.root.addMethod("GET", new MockIntegration(), { authorizer });
  return api;
};
const http = (stack: Stack, handler: Lambda, more: object = {}) =>
  new HttpApi(stack, "Http").addRoutes({
    path: "/tickets",
    integration: new HttpUrlIntegration("Url", "https://tickets.example"),
    authorizer: new HttpApiAuthorizer("Lanyard", { handler, ...more }),
  });
const graph = (stack: Stack, handler: Lambda, more: object = {}) =>
  new GraphqlApi(stack, "Graph", {
    name: "graph",
    definition: Definition.fromFile(new URL("schema.graphql", import.meta.url).pathname),
    authorizationConfig: { defaultAuthorization: appSyncAuthorization({ handler, ...more }) },
  });
const kinds = { "a REST API": rest, "an HTTP API": http, AppSync: graph } as const;

describe.each(Object.entries(kinds))("threat 9: the authorizer of %s", (_, make) => {
  test("is synthesized without a cache, whether it is left out or set to nothing", () => {
    for (const more of [{}, { resultsCacheTtl: Duration.seconds(0) }, { resultsCacheTtl: Duration.minutes(0) }]) {
      const text = JSON.stringify(made((stack, handler) => make(stack, handler, more)));
      expect([...text.matchAll(/"AuthorizerResultTtlInSeconds":(\w+)/g)].map(([, ttl]) => ttl)).toEqual(["0"]);
    }
  });

  test("throws on any time to keep results", () => {
    for (const resultsCacheTtl of [Duration.seconds(1), Duration.millis(1), Duration.minutes(5), Duration.hours(1)])
      expect(() => made((stack, handler) => make(stack, handler, { resultsCacheTtl }))).toThrow(/cached result/);
  });

  test("may be invoked by its API, and gives nobody anything else", () => {
    const resources = made((stack, handler) => make(stack, handler));
    const permissions = of(resources, "AWS::Lambda::Permission");
    expect(permissions.map(({ Action, Principal }) => [Action, Principal])).toEqual([
      ["lambda:InvokeFunction", make === graph ? "appsync.amazonaws.com" : "apigateway.amazonaws.com"],
    ]);
    const [{ SourceArn = undefined } = {}] = permissions;
    if (make !== graph) expect(JSON.stringify(SourceArn)).toMatch(/:execute-api:.*\/authorizers\/.*Lanyard/);
    expect(of(resources, "AWS::IAM::Policy")).toEqual([]);
  });
});

test("cdk-nag finds nothing about any of them, only about the team's own APIs", () => {
  validates(true);
  const app = new App();
  const stack = new Stack(app, "Team", { env });
  const handler = functionIn(stack);
  for (const make of Object.values(kinds)) make(stack, handler);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  let report = "";
  try {
    app.synth();
  } catch (error) {
    report = String(error);
  }
  const found = [...report.matchAll(/Team\/([\w/]+)/g)].map(([, path = ""]) => path.split("/")[0]);
  expect(found).toContain("Api");
  expect(found.filter((name) => !["Api", "Http", "Graph", "Judge"].includes(String(name)))).toEqual([]);
});

describe("the authorizer of a REST API", () => {
  const challenges = (resources: Readonly<Record<string, Resource>>) =>
    Object.fromEntries(
      of(resources, "AWS::ApiGateway::GatewayResponse").map(({ ResponseType, StatusCode, ResponseParameters }) => [
        ResponseType,
        [StatusCode, ResponseParameters],
      ]),
    );
  const headers = (challenge: string) => ({
    "gatewayresponse.header.WWW-Authenticate": `'${challenge}'`,
    "gatewayresponse.header.Cache-Control": "'no-store'",
  });
  const metadata = 'resource_metadata="https://tickets.example/.well-known/oauth-protected-resource/v1"';
  const algs = `algs="${dpopAlgorithms.join(" ")}"`;

  test("has its challenges told by the API's Gateway Responses, as a guard itself would", () => {
    const resources = made((stack, handler) => void rest(stack, handler));
    expect(challenges(resources)).toEqual({
      UNAUTHORIZED: ["401", headers(`DPoP ${metadata}, ${algs}`)],
      ACCESS_DENIED: ["403", headers(`DPoP error="insufficient_scope", ${metadata}, ${algs}`)],
    });
    expect(challengeAlgorithms).toEqual(dpopAlgorithms);
    const named = made((stack, handler) => void rest(stack, handler, { scopes: ["tickets:read"] }));
    expect(challenges(named).UNAUTHORIZED).toEqual(["401", headers(`DPoP scope="tickets:read", ${metadata}, ${algs}`)]);
  });

  test("shares them with another authorizer of the same resource, and refuses to tell of two", () => {
    const second = (more: object) => (stack: Stack, handler: Lambda) => {
      const api = rest(stack, handler);
      const authorizer = new RestAuthorizer(stack, "Second", { api, handler, resource, ...more });
      api.root.addMethod("POST", new MockIntegration(), { authorizer });
    };
    expect(of(made(second({})), "AWS::ApiGateway::GatewayResponse")).toHaveLength(2);
    expect(() => made(second({ resource: "https://other.example" }))).toThrow(/one challenge/);
  });

  test.each<[string, object, RegExp]>([
    ["a resource that is no https address", { resource: "urn:tickets" }, /https address/],
    ["a resource in clear", { resource: "http://tickets.example" }, /https address/],
    ["a scope that would end the value", { scopes: ["a'b"] }, /cannot stand/],
    ["a scope that would end the parameter", { scopes: ['a"b'] }, /cannot stand/],
    ["two scopes in one", { scopes: ["a b"] }, /cannot stand/],
  ])("throws for %s", (_, more, why) => {
    expect(() => made((stack, handler) => void rest(stack, handler, more))).toThrow(why);
  });
});

test("an HTTP API's authorizer answers simply in payload format 2.0, or by a policy", () => {
  const one = (more: object) =>
    of(
      made((stack, handler) => void http(stack, handler, more)),
      "AWS::ApiGatewayV2::Authorizer",
    )[0];
  const common = { AuthorizerType: "REQUEST", IdentitySource: ["$request.header.Authorization"] };
  expect(one({})).toMatchObject({ ...common, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: true });
  expect(one({ answers: "policy" })).toMatchObject({ ...common, AuthorizerPayloadFormatVersion: "1.0" });
});
