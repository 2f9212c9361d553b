import { HttpApiAuthorizer } from "@lanyard-iam/cdk";
import { App, Duration, Fn, Stack } from "aws-cdk-lib";
import { DomainName, HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";

const app = new App();
/** What was given by `-c name=value`; throws for what is missing. */
const asked = (name) => app.node.getContext(name);
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
const stack = new Stack(app, "Tickets", { env: { account, region } });

const domain = asked("domain");
const resource = app.node.tryGetContext("resource") ?? `https://${domain}`;
const functionOf = (name) =>
  new LambdaFunction(stack, name, {
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromAsset(app.node.tryGetContext("code") ?? "dist"),
    handler: `${name}.handler`,
    timeout: Duration.seconds(10),
    memorySize: 256,
    environment: {
      ISSUER: Fn.getStackOutput(`lanyard-${asked("stage")}-issuer`, "IssuerUrl"),
      RESOURCE: resource,
      SERVED_AT: app.node.tryGetContext("servedAt") ?? resource,
    },
  });

// the domain is the one way in: a second name would be a second URL that proofs could be for
const domainName = new DomainName(stack, "Domain", {
  domainName: domain,
  certificate: Certificate.fromCertificateArn(stack, "Certificate", asked("certificate")),
});
const api = new HttpApi(stack, "Api", { disableExecuteApiEndpoint: true, defaultDomainMapping: { domainName } });
api.addRoutes({
  path: "/tickets",
  integration: new HttpLambdaIntegration("TicketsIntegration", functionOf("tickets")),
  authorizer: new HttpApiAuthorizer("Lanyard", { handler: functionOf("authorizer") }),
});
api.addRoutes({ path: "/mine", integration: new HttpLambdaIntegration("MineIntegration", functionOf("mine")) });
