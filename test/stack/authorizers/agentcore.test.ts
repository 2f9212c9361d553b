import { App, Stack, Validations } from "aws-cdk-lib";
import { Code, Function as Lambda, Runtime } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import { AgentCoreGateway, type AgentCoreGatewayProps } from "../../../lib/index.ts";
import { team, validates } from "../targets/ground.ts";

const issuer = "https://id.example";
const resource = "https://tools.example";
type Properties = Readonly<Record<string, unknown>>;

const functionIn = (stack: Stack, id: string) =>
  new Lambda(stack, id, { code: Code.fromInline("-"), handler: "index.handler", runtime: Runtime.NODEJS_24_X });

/** A team's stack with a gateway: what its resources of each type are. */
function made(more: Partial<AgentCoreGatewayProps> = {}, answers = false) {
  validates(false);
  const app = new App();
  const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
  new AgentCoreGateway(stack, "Tools", {
    ...{ issuer, resource, interceptor: functionIn(stack, "Judge") },
    ...(answers ? { responseInterceptor: functionIn(stack, "Answers") } : {}),
    ...more,
  });
  const { Resources } = app.synth().getStackByName("Team").template as {
    Resources: Record<string, { readonly Type: string; readonly Properties: Properties }>;
  };
  return (type: string) =>
    Object.values(Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
}
const gatewayOf = (of: ReturnType<typeof made>) => of("AWS::BedrockAgentCore::Gateway")[0] ?? {};

test("a gateway's authorizer verifies our tokens for exactly the resource, by the issuer's own document", () => {
  expect(gatewayOf(made())).toMatchObject({
    AuthorizerType: "CUSTOM_JWT",
    AuthorizerConfiguration: {
      CustomJWTAuthorizer: {
        DiscoveryUrl: `${issuer}/.well-known/openid-configuration`,
        AllowedAudience: [resource],
      },
    },
  });
});

test("a gateway's interceptor stands before every request and is given its headers", () => {
  for (const answers of [false, true]) {
    const { InterceptorConfigurations } = gatewayOf(made({}, answers)) as {
      InterceptorConfigurations: { InterceptionPoints: string[]; InputConfiguration: object }[];
    };
    const [request, response, ...more] = InterceptorConfigurations;
    expect(request).toMatchObject({
      InterceptionPoints: ["REQUEST"],
      InputConfiguration: { PassRequestHeaders: true },
    });
    // tokens are for whom they are verified by, and nobody else
    expect(response?.InputConfiguration).toEqual(answers ? { PassRequestHeaders: false } : undefined);
    expect(more).toEqual([]);
  }
});

test("with tokens that are bound to keys no second opinion stands before the interceptor, which alone knows proofs", () => {
  const gateway = gatewayOf(made({ tokens: "bound" }));
  expect(gateway).toMatchObject({ AuthorizerType: "NONE" });
  expect(gateway.AuthorizerConfiguration).toBeUndefined();
  expect(gateway.InterceptorConfigurations).toHaveLength(1);
});

test("the gateway's role may invoke the interceptor, and nothing of ours", () => {
  const policies = made()("AWS::IAM::Policy");
  const statements = policies.flatMap(
    ({ PolicyDocument }) => (PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] }).Statement,
  );
  const invoking = statements.filter(({ Action }) => JSON.stringify(Action).includes("lambda:"));
  expect(invoking.map(({ Action }) => Action)).toEqual(["lambda:InvokeFunction"]);
  expect(JSON.stringify(invoking[0]?.Resource)).toMatch(/Judge/);
});

test.each([
  [{ issuer: "https://id.example/" }, /slash/],
  [{ issuer: "http://id.example" }, /https/],
  [{ issuer: "https://id.example?x=" }, /https/],
  [{ resource: "" }, /registered/],
])("a gateway of %j is not synthesized", (more, why) => {
  expect(() => made(more)).toThrow(why);
});

test("what decides who gets in cannot be set beside it", () => {
  const more = { authorizerConfiguration: undefined, interceptorConfigurations: [] } as object;
  expect(gatewayOf(made(more)).InterceptorConfigurations).toHaveLength(1);
  expect(gatewayOf(made(more)).AuthorizerType).toBe("CUSTOM_JWT");
});

test("cdk-nag finds nothing about the gateway that its own construct of CDK has not", () => {
  validates(true);
  const app = new App();
  const stack = new Stack(app, "Team", { env: { account: team, region: "eu-west-1" } });
  new AgentCoreGateway(stack, "Tools", { issuer, resource, interceptor: functionIn(stack, "Judge") });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  let report = "";
  try {
    app.synth();
  } catch (error) {
    report = String(error);
  }
  const rules = [...report.matchAll(/AwsSolutions-(\w+)/g)].map(([, rule]) => rule);
  // its role's own wildcard, and the version of the function that a grant covers
  expect(new Set(rules)).toEqual(new Set(["IAM4", "IAM5"]));
});
