import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import type { KeyPurpose, SigningAlgorithm } from "../../../core/model/ports.ts";
import { type KeyRoles, keyPolicy, keyPolicyFault } from "../../../lambdas/aws/kms/key-policy.ts";
import { env } from "../../../lambdas/env.ts";
import { resolved, statementsOf } from "../resolved.ts";
import { account, all, one, region, type StackName, synthesized } from "../synthesized.ts";

const { templates } = synthesized();
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
/** A key the rotator made: no template holds it. */
const rotated = `arn:aws:kms:${region}:${account}:key/0f0e0d0c-0b0a-0908-0706-050403020100`;

const environmentOf = (stack: StackName, id: string) => {
  const { Environment } = one(templates[stack], "AWS::Lambda::Function", `${id}Function`).Properties as {
    Environment: { Variables: Record<string, unknown> };
  };
  return resolved(templates, stack, Environment.Variables) as Record<string, string>;
};
const roles = JSON.parse(environmentOf("Service", "Rotator")[env.keyRoles] ?? "") as KeyRoles;
const madeBy = (purpose: KeyPurpose, alg: SigningAlgorithm) =>
  keyPolicy({ purpose, alg }, roles, 30) as { Statement: { Sid: string }[] };
const templateKeys: [string, KeyPurpose, SigningAlgorithm][] = [
  ["Identity", "identity", "RS256"],
  ["Session", "session", "RS256"],
  ["EcSession", "session", "ES256"],
  ["Status", "status", "RS256"],
  ["Events", "events", "RS256"],
];
const policyOf = (name: string) =>
  resolved(templates, "State", one(templates.State, "AWS::KMS::Key", `Keys${name}`).Properties.KeyPolicy) as {
    Statement: { Sid: string; Action: string | string[] }[];
  };
const sorted = (document: { Statement: readonly object[] }) =>
  document.Statement.map((one) => ({
    ...one,
    Action: [(one as { Action?: string | string[] }).Action ?? []].flat().sort(),
  }));

describe("the policy of a key", () => {
  test.each(templateKeys)(
    "of the stack, %s, is that of a key the rotator makes, but for its deletion",
    (name, purpose, alg) => {
      const made = madeBy(purpose, alg);
      const Statement = made.Statement.filter(({ Sid }) => Sid !== "RotatorEnds");
      expect(sorted(policyOf(name))).toEqual(sorted({ Statement }));
    },
  );

  test.each(templateKeys)("of the stack, %s, is believed by every function", (name, purpose) => {
    expect(keyPolicyFault(JSON.stringify(policyOf(name)), purpose, roles)).toBeUndefined();
  });

  test("names roles that are really made under these names", () => {
    const made = all(templates, "AWS::IAM::Role").flatMap(({ it }) => it.Properties.RoleName ?? []);
    const named = [
      roles.rotator,
      ...Object.entries(roles.signers).flatMap(([purpose, arns]) => (purpose === "seal" ? [] : arns)),
    ];
    for (const arn of named) expect(made).toContain(arn?.split("/").at(-1));
  });
});

interface Who {
  readonly principal: string;
  readonly policies: readonly [StackName, string] | "administrator";
}
const token: Who = { principal: role("lanyard-dev-eu-west-1-token"), policies: ["Service", "Token"] };
const attest: Who = { principal: role("lanyard-dev-eu-west-1-attest"), policies: ["Service", "Attest"] };
const rotator: Who = { principal: role("lanyard-dev-eu-west-1-rotator"), policies: ["Service", "Rotator"] };
const adminRotate: Who = {
  principal: role("lanyard-dev-eu-west-1-admin-rotate"),
  policies: ["Service", "AdminRotate"],
};
const transmitter: Who = { principal: role("lanyard-dev-eu-west-1-transmitter"), policies: ["Service", "Transmitter"] };
const discovery: Who = { principal: role("discovery"), policies: ["Issuer", "Discovery"] };
const person: Who = { principal: role("Administrator"), policies: "administrator" };

async function outcome(
  who: Who,
  action: string,
  resource: string,
  context: Record<string, string | string[]> = {},
  resourcePolicy?: unknown,
): Promise<string> {
  const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const policy =
    who.policies === "administrator"
      ? everything
      : { Version: "2012-10-17", Statement: statementsOf(templates, ...who.policies) };
  const contextVariables = { "aws:PrincipalArn": who.principal, "aws:PrincipalAccount": account, ...context };
  const result = await runSimulation(
    {
      request: { principal: who.principal, action, resource: { resource, accountId: account }, contextVariables },
      identityPolicies: [{ name: "identity", policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy ? { resourcePolicy } : {}),
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

const es256 = { "kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256" };
const rs256 = { ...es256, "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256" };

describe("a key that the rotator made", () => {
  const session = madeBy("session", "ES256");
  const rsa = madeBy("session", "RS256");
  const events = madeBy("events", "RS256");
  test.each<[string, Who, string, Record<string, string>, object, string]>([
    ["token signs with it", token, "kms:Sign", es256, session, "Allowed"],
    ["token signs with an RSA one", token, "kms:Sign", rs256, rsa, "Allowed"],
    [
      "token signs by another algorithm",
      token,
      "kms:Sign",
      { ...rs256, "kms:SigningAlgorithm": "RSASSA_PSS_SHA_256" },
      rsa,
      "ExplicitlyDenied",
    ],
    [
      "token signs a raw message",
      token,
      "kms:Sign",
      { ...es256, "kms:MessageType": "RAW" },
      session,
      "ExplicitlyDenied",
    ],
    ["the transmitter signs with one of events", transmitter, "kms:Sign", rs256, events, "Allowed"],
    ["threat 3: the transmitter signs with one of sessions", transmitter, "kms:Sign", rs256, rsa, "ExplicitlyDenied"],
    ["token signs with one of events", token, "kms:Sign", rs256, events, "ExplicitlyDenied"],
    ["threat 11: an administrator signs with one of events", person, "kms:Sign", rs256, events, "ExplicitlyDenied"],
    ["the rotator disables one of events", rotator, "kms:DisableKey", {}, events, "Allowed"],
    ["attest signs with it", attest, "kms:Sign", es256, session, "ExplicitlyDenied"],
    ["threat 11: an administrator signs with it", person, "kms:Sign", es256, session, "ExplicitlyDenied"],
    ["the rotator signs with it", rotator, "kms:Sign", es256, session, "ExplicitlyDenied"],
    ["the rotator changes its policy", rotator, "kms:PutKeyPolicy", {}, session, "ExplicitlyDenied"],
    ["the rotator disables it", rotator, "kms:DisableKey", {}, session, "Allowed"],
    [
      "the rotator ends it in 30 days",
      rotator,
      "kms:ScheduleKeyDeletion",
      { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" },
      session,
      "Allowed",
    ],
    [
      "the rotator ends it in 7 days",
      rotator,
      "kms:ScheduleKeyDeletion",
      { "kms:ScheduleKeyDeletionPendingWindowInDays": "7" },
      session,
      "ImplicitlyDenied",
    ],
    ["token disables it", token, "kms:DisableKey", {}, session, "ImplicitlyDenied"],
    ["discovery reads its public half", discovery, "kms:GetPublicKey", {}, session, "Allowed"],
    ["discovery reads its policy", discovery, "kms:GetKeyPolicy", {}, session, "Allowed"],
    ["admin-rotate disables it", adminRotate, "kms:DisableKey", {}, session, "ImplicitlyDenied"],
  ])("%s", async (_, who, action, context, policy, expected) => {
    expect(await outcome(who, action, rotated, context, policy)).toBe(expected);
  });

  test("a rotator gone bad can sign with none it made, whatever policy it gave it", async () => {
    const open = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: rotator.principal }, Action: "kms:*", Resource: "*" }],
    };
    expect(await outcome(rotator, "kms:Sign", rotated, es256, open)).toBe("ExplicitlyDenied");
    expect(await outcome(rotator, "kms:PutKeyPolicy", rotated, {}, open)).toBe("ExplicitlyDenied");
  });

  test("the rotator can neither disable nor end a key of the account that is none of ours", async () => {
    const usual = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" },
      ],
    };
    expect(await outcome(rotator, "kms:DisableKey", rotated, {}, usual)).toBe("ImplicitlyDenied");
    expect(
      await outcome(
        rotator,
        "kms:ScheduleKeyDeletion",
        rotated,
        { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" },
        usual,
      ),
    ).toBe("ImplicitlyDenied");
  });
});

describe("what the rotator may make", () => {
  const fit = {
    "kms:KeySpec": "ECC_NIST_P256",
    "kms:KeyUsage": "SIGN_VERIFY",
    "kms:KeyOrigin": "AWS_KMS",
    "kms:MultiRegion": "false",
    "kms:BypassPolicyLockoutSafetyCheck": "true",
  };
  test.each<[string, Record<string, string>, string]>([
    ["a P-256 signing key", fit, "Allowed"],
    ["an RSA-2048 signing key", { ...fit, "kms:KeySpec": "RSA_2048" }, "Allowed"],
    ["a key whose material somebody imports", { ...fit, "kms:KeyOrigin": "EXTERNAL" }, "ImplicitlyDenied"],
    ["a key with copies in other Regions", { ...fit, "kms:MultiRegion": "true" }, "ImplicitlyDenied"],
    [
      "a key by a call that KMS's lockout check would refuse",
      { ...fit, "kms:BypassPolicyLockoutSafetyCheck": "false" },
      "ImplicitlyDenied",
    ],
    [
      "a key that encrypts",
      { ...fit, "kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT" },
      "ImplicitlyDenied",
    ],
  ])("%s", async (_, context, expected) => {
    expect(await outcome(rotator, "kms:CreateKey", "*", context)).toBe(expected);
  });
});

describe("who writes the keyring", () => {
  const { it: found } =
    all(templates, "AWS::DynamoDB::GlobalTable").find(({ id }) => id.startsWith("TablesKeyring")) ?? {};
  const [replica] = (found?.Properties.Replicas ?? []) as { ResourcePolicy: { PolicyDocument: unknown } }[];
  const policy = resolved(templates, "State", replica?.ResourcePolicy.PolicyDocument);
  const [name] = Object.keys(templates.State.Resources).filter((id) => id.startsWith("TablesKeyring"));
  const keyring = `arn:aws:dynamodb:${region}:${account}:table/${name}`;
  const row = (ring: string) => ({
    "dynamodb:LeadingKeys": [ring],
    "dynamodb:EnclosingOperation": "TransactWriteItems",
  });
  test.each<[string, Who, string, string, string]>([
    ["the rotator writes a ring", rotator, "dynamodb:PutItem", "session", "Allowed"],
    ["the rotator deletes a ring", rotator, "dynamodb:DeleteItem", "session", "ImplicitlyDenied"],
    ["admin-rotate writes a ring", adminRotate, "dynamodb:PutItem", "session", "ExplicitlyDenied"],
    ["an administrator writes a ring", person, "dynamodb:PutItem", "session", "ExplicitlyDenied"],
    ["an administrator deletes a ring", person, "dynamodb:DeleteItem", "session", "ExplicitlyDenied"],
    ["token writes a ring", token, "dynamodb:PutItem", "session", "ExplicitlyDenied"],
    ["token reads its ring", token, "dynamodb:GetItem", "session", "Allowed"],
    ["the transmitter reads its ring", transmitter, "dynamodb:GetItem", "events", "Allowed"],
    ["the transmitter reads the ring of sessions", transmitter, "dynamodb:GetItem", "session", "ImplicitlyDenied"],
    ["discovery reads the ring of events", discovery, "dynamodb:GetItem", "events", "Allowed"],
    ["the transmitter writes a ring", transmitter, "dynamodb:PutItem", "events", "ExplicitlyDenied"],
    ["token reads the ring of status lists", token, "dynamodb:GetItem", "status", "ImplicitlyDenied"],
  ])("%s", async (_, who, action, ring, expected) => {
    expect(await outcome(who, action, keyring, row(ring), policy)).toBe(expected);
  });
});

test("the rotator has no URL, wakes for orders and never for what it wrote itself", () => {
  const urls = JSON.stringify(all(templates, "AWS::Lambda::Url"));
  expect(urls).not.toContain("Rotator");
  const mapping = all(templates, "AWS::Lambda::EventSourceMapping").find(({ id }) => id.startsWith("Rotator"));
  const criteria = mapping?.it.Properties.FilterCriteria as { Filters: { Pattern: string }[] } | undefined;
  expect(JSON.parse(criteria?.Filters[0]?.Pattern ?? "")).toEqual({ eventName: ["INSERT", "MODIFY"] });
  expect(JSON.stringify(mapping?.it.Properties.EventSourceArn)).toContain("TablesOrders");
});
