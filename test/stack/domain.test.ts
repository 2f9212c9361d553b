/** A domain as issuer: one API in front of the public functions, and no way around it. */
import { describe, expect, test } from "vitest";
import { env } from "../../lambdas/env.ts";
import { stageOf } from "../../lib/settings/stage.ts";
import { list, resolved } from "./resolved.ts";
import { account, all, one, region, type Synthesized, synthesized } from "./synthesized.ts";

const certificate = `arn:aws:acm:${region}:${account}:certificate/0a1b2c3d-0000-4000-8000-000000000000`;
const domain = { name: "id.example.com", certificate };
const bare = synthesized().templates;
const { templates } = synthesized({ domain });

const propertiesOf = (type: string, from: Synthesized["templates"] = templates) =>
  all(from, type).map(({ it }) => it.Properties);
const variablesOf = (stack: "Issuer" | "Service", id: string) =>
  (one(templates[stack], "AWS::Lambda::Function", id).Properties.Environment as { Variables: Record<string, unknown> })
    .Variables;

describe("with a domain", () => {
  test("the API has no address but the domain, which takes TLS 1.2 on in this Region alone", () => {
    expect(propertiesOf("AWS::ApiGatewayV2::Api")).toEqual([
      expect.objectContaining({ ProtocolType: "HTTP", DisableExecuteApiEndpoint: true }),
    ]);
    expect(propertiesOf("AWS::ApiGatewayV2::DomainName")).toEqual([
      {
        DomainName: "id.example.com",
        DomainNameConfigurations: [
          { CertificateArn: certificate, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
        ],
      },
    ]);
  });

  test("no stage stands in a path: there is the nameless one, mapped at the root", () => {
    expect(propertiesOf("AWS::ApiGatewayV2::Stage")).toEqual([
      expect.objectContaining({ StageName: "$default", AutoDeploy: true }),
    ]);
    const [mapping, ...more] = propertiesOf("AWS::ApiGatewayV2::ApiMapping");
    expect(more).toEqual([]);
    expect(mapping).not.toHaveProperty("ApiMappingKey");
  });

  test("no function has a public URL of its own; those for IAM's callers stay", () => {
    expect(propertiesOf("AWS::Lambda::Url", bare).filter(({ AuthType }) => AuthType === "NONE")).toHaveLength(9);
    expect(propertiesOf("AWS::Lambda::Url").map(({ AuthType }) => AuthType)).toEqual(Array(7).fill("AWS_IAM"));
    const anybody = propertiesOf("AWS::Lambda::Permission").filter(({ Principal }) => Principal === "*");
    expect(anybody).toEqual([]);
  });

  test("each public function has its paths, and all else goes to discovery", () => {
    const keys = propertiesOf("AWS::ApiGatewayV2::Route").map(({ RouteKey }) => RouteKey);
    const paths = [
      "attest",
      "token",
      "introspect",
      "revoke",
      "credentials",
      "decide",
      "approve-token",
      "signals",
    ].flatMap((name) => [`ANY /${name}`, `ANY /${name}/{proxy+}`]);
    expect([...keys].sort()).toEqual(["$default", ...paths].sort());
    for (const { PayloadFormatVersion } of propertiesOf("AWS::ApiGatewayV2::Integration"))
      expect(PayloadFormatVersion).toBe("2.0");
  });

  test("the API may call those nine and says that it is this one", () => {
    const from = all(templates, "AWS::Lambda::Permission").filter(
      ({ it }) => it.Properties.Principal === "apigateway.amazonaws.com",
    );
    expect(from).toHaveLength(9);
    for (const { it } of from) expect(JSON.stringify(it.Properties.SourceArn)).toMatch(/execute-api.*HttpApi/);
  });

  test("each function is told its own address, and every function the issuer", () => {
    expect(variablesOf("Issuer", "Discovery")[env.publicUrl]).toBe("https://id.example.com");
    for (const [id, name] of Object.entries({
      Attest: "attest",
      Token: "token",
      Introspect: "introspect",
      Revoke: "revoke",
    })) {
      const variables = variablesOf("Service", `${id}Function`);
      expect([variables[env.publicUrl], variables[env.issuer]]).toEqual([
        `https://id.example.com/${name}`,
        "https://id.example.com",
      ]);
    }
    // who is called by a URL of its own must go by the platform's word
    for (const id of ["AttestIam", "AdminRead", "AdminWrite"])
      expect(variablesOf("Service", id)).not.toHaveProperty(env.publicUrl);
  });

  test("discovery and the outputs name the domain's paths", () => {
    const parameters = all(templates, "AWS::SSM::Parameter").map(({ stack, it }) =>
      resolved(templates, stack, it.Properties.Value),
    );
    expect(parameters.join()).toContain('"token":"https://id.example.com/token"');
    expect(templates.Issuer.Outputs.IssuerUrl?.Value).toBe("https://id.example.com");
    expect(templates.Service.Outputs.TokenUrl?.Value).toBe("https://id.example.com/token");
    expect(Object.keys(templates.Issuer.Outputs)).toEqual(expect.arrayContaining(["DomainTarget", "DomainHostedZone"]));
  });

  test("logical ids of what lasts are those without one", () => {
    const lasting = (from: Synthesized["templates"]) => Object.keys(from.State.Resources);
    expect(lasting(templates)).toEqual(lasting(bare));
    const discovery = (from: Synthesized["templates"]) =>
      all(from, "AWS::Lambda::Function").find(({ stack }) => stack === "Issuer")?.id;
    expect(discovery(templates)).toBe(discovery(bare));
  });
});

describe("the issuer is chosen once", () => {
  const memory = (from: Synthesized["templates"]) => one(from.Issuer, "AWS::IAM::ManagedPolicy", "IssuerOnce");

  test("a deployment that changes it would have to replace what has a name of its own, which CloudFormation refuses", () => {
    const kinds = [bare, templates, synthesized({ domain: { ...domain, name: "other.example.com" } }).templates].map(
      memory,
    );
    // one name, so that a second could not stand beside the first
    expect(new Set(kinds.map(({ Properties }) => Properties.ManagedPolicyName))).toEqual(
      new Set(["lanyard-dev-eu-west-1-issuer"]),
    );
    // IAM: a policy's description is immutable, and so is a change of it a replacement
    expect(new Set(kinds.map(({ Properties }) => Properties.Description)).size).toBe(3);
  });

  test("the same issuer again changes nothing of it, whatever else does", () => {
    const again = synthesized({ domain, logLevel: "DEBUG", alarms: { enabled: false } }).templates;
    expect(memory(again)).toEqual(memory(templates));
  });

  test("is asked before anything that makes the issuer is touched, and lets nobody do anything", () => {
    for (const from of [bare, templates]) {
      const [id] = Object.keys(from.Issuer.Resources).filter((name) => name.startsWith("IssuerOnce"));
      const { DependsOn = [] } = one(from.Issuer, "AWS::Lambda::Function", "Discovery");
      expect(list(DependsOn)).toContain(id);
      const { PolicyDocument, ...rest } = memory(from).Properties as {
        PolicyDocument: { Statement: { Effect: string }[] };
        Roles?: unknown;
      };
      expect(PolicyDocument.Statement.map(({ Effect }) => Effect)).toEqual(["Deny"]);
      expect(rest).not.toHaveProperty("Roles");
    }
  });
});

test.each([
  ["a name in capitals", { ...domain, name: "ID.example.com" }, /domain\.name: must be a name/],
  ["a URL", { ...domain, name: "https://id.example.com" }, /domain\.name: must be a name/],
  ["a path", { ...domain, name: "id.example.com/x" }, /domain\.name: must be a name/],
  ["one label", { ...domain, name: "localhost" }, /domain\.name: must be a name/],
  ["this machine", { ...domain, name: "127.0.0.1:8443" }, /domain\.name: must be a name/],
  ["no certificate", { name: domain.name }, /domain\.certificate: must be the ARN/],
  [
    "a certificate of CloudFront's Region",
    { ...domain, certificate: certificate.replace(region, "us-east-1") },
    /domain\.certificate: must be of eu-west-1/,
  ],
])("a domain is refused: %s", (_, given, message) => {
  expect(() => stageOf("prod", { operators: ["role/Operator"], domain: given })).toThrow(message);
});
