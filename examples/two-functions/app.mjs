import { AgentRole } from "@lanyard-iam/cdk";
import { App, Duration, Fn, Stack } from "aws-cdk-lib";
import { DomainName, HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { ManagedPolicy } from "aws-cdk-lib/aws-iam";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";

const app = new App();
/** What was given by `-c name=value`; throws for what is missing. */
const asked = (name) => app.node.getContext(name);
const given = (name, otherwise) => app.node.tryGetContext(name) ?? otherwise;
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
const stack = new Stack(app, "TwoFunctions", { env: { account, region } });

const issuer = Fn.getStackOutput(`lanyard-${asked("stage")}-issuer`, "IssuerUrl");
const domain = asked("domain");
const resource = given("resource", `https://${domain}`);
const functionOf = (name) => {
  // the registration names this role, so it has a name, and no other function has it
  const role = new AgentRole(stack, `${name}-role`, {
    issuer,
    roleName: `two-functions-${name}`,
    managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaBasicExecutionRole")],
  });
  return new LambdaFunction(stack, name, {
    functionName: `two-functions-${name}`,
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromAsset(given("code", "dist")),
    handler: `${name}.handler`,
    timeout: Duration.seconds(20),
    memorySize: 512,
    role,
    environment: {
      ISSUER: issuer,
      AGENT: `spiffe://${asked("trustDomain")}/agent/${name}`,
      RESEARCH: resource,
      SERVED_AT: given("servedAt", resource),
      TICKETS: asked("tickets"),
    },
  });
};
functionOf("planner");

const domainName = new DomainName(stack, "Domain", {
  domainName: domain,
  certificate: Certificate.fromCertificateArn(stack, "Certificate", asked("certificate")),
});
const api = new HttpApi(stack, "Api", { disableExecuteApiEndpoint: true, defaultDomainMapping: { domainName } });
api.addRoutes({
  path: "/research",
  integration: new HttpLambdaIntegration("Research", functionOf("researcher")),
});
