import { describe, expect, test } from "vitest";
import { profileOfStored } from "../../../bin/lanyard/deployment/stored.ts";
import { describedBy } from "../../../bin/lanyard/profile/described.ts";
import { env } from "../../../lambdas/env.ts";
import { resolved } from "../resolved.ts";
import { account, all, one, region } from "../synthesized.ts";
import { Issuer, logical, read, Service, templates } from "./ground.ts";

/** What the template puts into Parameter Store, by name. */
const parameters = (): Record<string, string> =>
  Object.fromEntries(
    all(templates, "AWS::SSM::Parameter").map(({ it }) => [
      String(it.Properties.Name),
      String(read(it.Properties.Value)),
    ]),
  );

describe("addresses", () => {
  const urls = all(templates, "AWS::Lambda::Url");
  const permissions = all(templates, "AWS::Lambda::Permission");
  const permissionsOf = (id: string) =>
    permissions
      .filter(({ it }) => logical(it.Properties.FunctionName).includes(`"${id}Function`))
      .map(({ it }) => it.Properties);

  test("sixteen functions have one, and only the operator's and the second attest and decide ask IAM", () => {
    expect(urls.map(({ id, it }) => `${id.split("Function")[0]} ${it.Properties.AuthType}`).sort()).toEqual([
      "AdminRead AWS_IAM",
      "AdminRevoke AWS_IAM",
      "AdminRotate AWS_IAM",
      "AdminWrite AWS_IAM",
      "Approve AWS_IAM",
      "ApproveToken NONE",
      "Attest NONE",
      "AttestIam AWS_IAM",
      "Credentials NONE",
      "Decide NONE",
      "DecideIam AWS_IAM",
      "Discovery NONE",
      "Introspect NONE",
      "Revoke NONE",
      "Signals NONE",
      "Token NONE",
    ]);
  });

  test.each(["Attest", "Token", "Introspect", "Revoke", "Credentials", "Decide", "ApproveToken", "Discovery"])(
    "%s has both permissions of a public URL",
    (id) => {
      expect(permissionsOf(id)).toEqual([
        expect.objectContaining({ Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE", Principal: "*" }),
        expect.objectContaining({ Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true, Principal: "*" }),
      ]);
    },
  );

  test("threat 18: only the functions that believe IAM carry a policy of their own", () => {
    const policies = all(templates, "AWS::Lambda::ResourcePolicy");
    expect(policies.map(({ id }) => id.split("OnlyThroughTheUrl")[0]).sort()).toEqual([
      "AdminRead",
      "AdminRevoke",
      "AdminRotate",
      "AdminWrite",
      "Approve",
      "AttestIam",
      "DecideIam",
    ]);
  });

  test.each(["AdminRead", "AdminRevoke", "AdminRotate", "AdminWrite", "AttestIam"])(
    "threat 18: nobody invokes %s but through its URL, and no permission opens another way",
    (id) => {
      expect(permissionsOf(id)).toEqual([]);
      const policy = one(Service, "AWS::Lambda::ResourcePolicy", id);
      const { ResourceArn, PolicyDocument } = read(policy.Properties) as Record<string, unknown>;
      expect(ResourceArn).toContain(`function:${id}Function`);
      expect(PolicyDocument).toEqual({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "OnlyThroughTheUrl",
            Effect: "Deny",
            Principal: "*",
            Action: ["lambda:InvokeFunction", "lambda:InvokeAsync"],
            Resource: ResourceArn,
            // plain Bool would let a call pass that carries no such key
            Condition: { BoolIfExists: { "lambda:InvokedViaFunctionUrl": "false" } },
          },
        ],
      });
    },
  );

  test("threat 58: nobody invokes approve but a user, a session of Identity Center, or one named by its source identity", () => {
    const { PolicyDocument } = read(one(Service, "AWS::Lambda::ResourcePolicy", "Approve").Properties) as {
      PolicyDocument: { Statement: { Sid: string; Effect: string; Condition: unknown }[] };
    };
    const named = { "aws:PrincipalArn": ["arn:*:iam::*:role/aws-reserved/sso.amazonaws.com/*", "arn:*:iam::*:user/*"] };
    expect(PolicyDocument.Statement.slice(1)).toMatchObject([
      {
        Effect: "Deny",
        Condition: { ArnNotLike: named, StringNotLike: { "aws:userid": `*:\${aws:SourceIdentity, '/'}` } },
      },
      { Effect: "Deny", Condition: { ArnNotLike: named, Null: { "aws:SourceIdentity": "true" } } },
    ]);
  });

  test("relay, publisher and transmitter have no URL, and only the clock may invoke the publisher", () => {
    expect(permissionsOf("Relay")).toEqual([]);
    expect(permissionsOf("Transmitter")).toEqual([]);
    expect(permissionsOf("Publisher")).toEqual([
      expect.objectContaining({ Principal: "events.amazonaws.com", SourceArn: expect.anything() }),
    ]);
    expect(one(Service, "AWS::Events::Rule", "PublisherEveryMinute").Properties.ScheduleExpression).toBe(
      "rate(1 minute)",
    );
  });
});

describe("the issuer", () => {
  const issuer = "https://discoveryfunctionfunctionurl46c1da03.lambda-url.eu-west-1.on.aws";

  test("is discovery's URL without its slash, scheme kept, in every function that names it", () => {
    const named = all(templates, "AWS::Lambda::Function").filter(({ stack, it }) => {
      const { Variables } = it.Properties.Environment as { Variables: Record<string, unknown> };
      const value = Variables[env.issuer];
      if (value !== undefined) expect(resolved(templates, stack, value)).toBe(issuer);
      return value !== undefined;
    });
    expect(named.map(({ id }) => id.split("Function")[0]).sort()).toEqual([
      "AdminRevoke",
      "AdminWrite",
      "ApproveToken",
      "Attest",
      "AttestIam",
      "Credentials",
      "Decide",
      "Introspect",
      "Publisher",
      "Revoke",
      "Signals",
      "Token",
      "Transmitter",
    ]);
  });

  test("depends on State alone: the parameter's name is a literal, so that no circle closes", () => {
    const imports = JSON.stringify(Issuer).match(/"Fn::ImportValue":"lanyard-dev-[a-z]+/g) ?? [];
    expect([...new Set(imports)]).toEqual(['"Fn::ImportValue":"lanyard-dev-state']);
    const { Environment } = one(Issuer, "AWS::Lambda::Function").Properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables[env.urlsParameter]).toBe("/lanyard/dev/urls");
  });

  test("publishes the functions' URLs as JSON under that name", () => {
    const urls = JSON.parse(parameters()["/lanyard/dev/urls"] ?? "") as Record<string, string>;
    expect(Object.keys(urls)).toEqual([
      "attest",
      "token",
      "introspect",
      "revoke",
      "credentials",
      "adminRevoke",
      "adminWrite",
      "adminRead",
      "attestIam",
      "adminRotate",
      "decide",
      "decideIam",
      "approve",
      "approveToken",
      "signals",
    ]);
    for (const url of Object.values(urls))
      expect(url).toMatch(/^https:\/\/[a-z0-9]+\.lambda-url\.eu-west-1\.on\.aws\/$/);
    expect(new Set(Object.values(urls)).size).toBe(15);
  });

  test("tells operators where the deployment is under a name of its own, as lanyard login believes it", () => {
    const value = parameters()["/lanyard/dev/deployment"] ?? "";
    const told = describedBy(value, `arn:aws:ssm:${region}:${account}:parameter/lanyard/dev/deployment`, "dev");
    const urls = JSON.parse(parameters()["/lanyard/dev/urls"] ?? "") as Record<string, string>;
    const { adminRevoke, adminWrite, adminRead, adminRotate } = urls;
    expect(told).toMatchObject({
      trustDomain: "dev.lanyard.internal",
      adminRevoke,
      adminWrite,
      adminRead,
      adminRotate,
    });
    expect(told.auditBucket).toBeTruthy();
    // by which `audit verify` learns the log's key, and `audit redrive` whom to order
    const { logKey, relay, refusedQueue } = profileOfStored("prod", { ...told });
    for (const one of [logKey, relay, refusedQueue]) expect(one).toBeTruthy();
  });

  test("lets no function read it", () => {
    const readable = JSON.stringify(
      all(templates, "AWS::IAM::Policy").map(
        ({ it }) => JSON.stringify(it).match(/parameter\/lanyard\/[a-z/]+/g) ?? [],
      ),
    );
    expect(readable).toContain("parameter/lanyard/dev/urls");
    expect(readable).not.toContain("/deployment");
  });
});
