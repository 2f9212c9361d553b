import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type KeyRoles, keyPolicy, keyPolicyFault } from "../../../lambdas/aws/kms/key-policy.ts";

const role = (name: string, account = "111122223333") => `arn:aws:iam::${account}:role/${name}`;
const roles: KeyRoles = {
  signers: { identity: [role("attest"), role("attest-iam")], session: [role("token")] },
  rotator: role("rotator"),
};
type Policy = { Statement: Record<string, unknown>[] };
const good = (purpose: "identity" | "session" = "session"): Policy =>
  structuredClone(keyPolicy({ purpose, alg: "ES256" }, roles, 30)) as Policy;
const fault = (policy: unknown, purpose: "identity" | "session" = "session") =>
  keyPolicyFault(typeof policy === "string" ? policy : JSON.stringify(policy), purpose, roles);
const with_ = (statement: Record<string, unknown>): Policy => ({ Statement: [...good().Statement, statement] });
const guard = (policy: Policy) => policy.Statement.find(({ Sid }) => Sid === "OneRoleOnly") ?? {};
const changed = (change: Record<string, unknown>): Policy => {
  const policy = good();
  Object.assign(guard(policy), change);
  return policy;
};

describe("a key is believed", () => {
  it("with the policy it was made with, for one role or several", () => {
    expect(fault(good())).toBeUndefined();
    expect(fault(good("identity"), "identity")).toBeUndefined();
  });

  it("with more denies than it was made with: they take away only", () => {
    const more = {
      Effect: "Deny",
      Principal: "*",
      Action: "kms:*",
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    };
    expect(fault(with_(more))).toBeUndefined();
  });
});

describe("a key is not believed", () => {
  it("with the policy of another purpose's key: its signers are others", () => {
    expect(fault(good("identity"), "session")).toContain("does not deny");
    expect(fault(good("session"), "identity")).toContain("does not deny");
  });

  it.each<[string, unknown]>([
    ["no policy worth the name", "not json"],
    ["null", "null"],
    ["one that says twice what it says, once escaped", JSON.stringify(good()).replace(/}$/, ',"\\u0053tatement":[]}')],
    ["an empty one", {}],
    ["KMS's default policy: the account's administrators sign", { Statement: [good().Statement[0]] }],
    ["no deny at all", { Statement: good().Statement.filter(({ Effect }) => Effect === "Allow") }],
    [
      "a deny that lets a second role in",
      changed({ Condition: { ArnNotEquals: { "aws:PrincipalArn": [role("token"), role("thief")] } } }),
    ],
    ["a deny that lets a pattern in", changed({ Condition: { ArnNotEquals: { "aws:PrincipalArn": role("*") } } })],
    [
      "a deny with a policy variable",
      changed({ Condition: { ArnNotEquals: { "aws:PrincipalArn": `$${"{aws:PrincipalArn}"}` } } }),
    ],
    ["a deny that lets nobody be named", changed({ Condition: { ArnNotEquals: { "aws:PrincipalArn": [] } } })],
    [
      "a deny with one condition more to slip through",
      changed({
        Condition: {
          ArnNotEquals: { "aws:PrincipalArn": role("token") },
          Bool: { "aws:MultiFactorAuthPresent": "false" },
        },
      }),
    ],
    [
      "a deny with one key more to slip through",
      changed({ Condition: { ArnNotEquals: { "aws:PrincipalArn": role("token"), "aws:SourceArn": "x" } } }),
    ],
    [
      "a deny by the principal's tag",
      changed({ Condition: { StringNotEquals: { "aws:PrincipalTag/role": "token" } } }),
    ],
    [
      "no word of the account's root",
      { Statement: good().Statement.filter(({ Sid }) => Sid !== "AccountAdministers") },
    ],
    [
      "the account's root under a condition",
      {
        Statement: good().Statement.map((one) =>
          one.Sid === "AccountAdministers"
            ? { ...one, Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }
            : one,
        ),
      },
    ],
    [
      "the account's root as a reader",
      {
        Statement: good().Statement.map((one) =>
          one.Sid === "AccountAdministers" ? { ...one, Action: "kms:Get*" } : one,
        ),
      },
    ],
    ["a deny for one principal only", changed({ Principal: { AWS: role("somebody") } })],
    ["a deny of another action", changed({ Action: "kms:Verify" })],
    ["a deny on another resource", changed({ Resource: "arn:aws:kms:eu-west-1:111122223333:key/other" })],
    ["a deny that is an allow", changed({ Effect: "Allow" })],
    [
      "somebody who may change the policy",
      with_({
        Sid: "x",
        Effect: "Allow",
        Principal: { AWS: role("thief") },
        Action: "kms:PutKeyPolicy",
        Resource: "*",
      }),
    ],
    [
      "somebody who may do everything",
      with_({ Effect: "Allow", Principal: { AWS: role("thief") }, Action: "kms:*", Resource: "*" }),
    ],
    [
      "somebody who may hand out grants",
      with_({ Effect: "Allow", Principal: "*", Action: ["kms:GetPublicKey", "kms:CreateGrant"], Resource: "*" }),
    ],
    [
      "somebody who may do everything but",
      with_({ Effect: "Allow", Principal: { AWS: role("thief") }, NotAction: "kms:Sign", Resource: "*" }),
    ],
    [
      "everybody but",
      with_({ Effect: "Allow", NotPrincipal: { AWS: role("token") }, Action: "kms:DescribeKey", Resource: "*" }),
    ],
    [
      "another account's root",
      with_({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::999999999999:root" }, Action: "kms:*", Resource: "*" }),
    ],
    [
      "root and somebody else in one breath",
      with_({
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::111122223333:root", role("thief")] },
        Action: "kms:*",
        Resource: "*",
      }),
    ],
    [
      "a service beside root",
      with_({
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root", Service: "x.amazonaws.com" },
        Action: "kms:*",
        Resource: "*",
      }),
    ],
    [
      "an effect nobody knows",
      with_({ Effect: "Permit", Principal: { AWS: role("thief") }, Action: "kms:*", Resource: "*" }),
    ],
  ])("with %s", (_, policy) => {
    expect(fault(policy)).toBeDefined();
  });

  test.prop([fc.constantFrom("session" as const, "identity" as const), fc.json()])(
    "whatever else its policy is, as long as it is not one that guards it",
    (purpose, text) => {
      expect(() => fault(text, purpose)).not.toThrow();
      expect(fault(text, purpose)).toBeDefined();
    },
  );
});
