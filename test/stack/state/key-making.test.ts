/** Keys as the rotator makes them: its own call, under its own role's policies, against a KMS with the lockout check. */
import { describe, expect, it } from "vitest";
import type { KeyPurpose, SigningAlgorithm } from "../../../core/model/ports.ts";
import { createKeyMaker } from "../../../lambdas/aws/kms/key-maker.ts";
import { type KeyRoles, keyPolicyFault } from "../../../lambdas/aws/kms/key-policy.ts";
import { env } from "../../../lambdas/env.ts";
import { openGuardedKms, readPolicy, type Statement } from "../../kit/embedded/kms.ts";
import { resolved, statementsOf } from "../resolved.ts";
import { account, all, one, region, synthesized } from "../synthesized.ts";

const { templates } = synthesized();
const { Environment } = one(templates.Service, "AWS::Lambda::Function", "RotatorFunction").Properties as {
  Environment: { Variables: Record<string, string> };
};
const roles = JSON.parse(String(resolved(templates, "Service", Environment.Variables[env.keyRoles]))) as KeyRoles;
const ofRotator = statementsOf(templates, "Service", "Rotator") as unknown as Statement[];
const open = () => openGuardedKms({ account, region, roleArn: roles.rotator, identity: ofRotator });
type Change = (input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
const make = async (purpose: KeyPurpose, alg: SigningAlgorithm, change: Change = (input) => input) => {
  const kms = open();
  const maker = createKeyMaker(kms.client(change), { stage: "dev", roles, stackKeys: [] });
  return { kms, key: await maker.create(purpose, { id: "x", alg, sinceSeconds: 0 }) };
};
const everybody: readonly Statement[] = [{ Effect: "Allow", Action: "*", Resource: "*" }];

describe("the rotator makes a key that KMS takes although its maker may never change the policy", () => {
  it.each<[KeyPurpose, SigningAlgorithm]>([
    ["identity", "RS256"],
    ["session", "ES256"],
    ["session", "RS256"],
    ["status", "RS256"],
    ["events", "RS256"],
  ])("of %s, %s, which every function believes and the account can administer", async (purpose, alg) => {
    const { kms, key } = await make(purpose, alg);
    const { Policy } = (await kms.call("GetKeyPolicy", { KeyId: key.keyArn })) as { Policy: string };
    expect(keyPolicyFault(Policy, purpose, roles)).toBeUndefined();
    const put = { action: "kms:PutKeyPolicy", resource: key.keyArn, context: {} };
    expect(kms.evaluate(put, everybody, kms.policyOf(key.keyArn))).toBeUndefined();
    expect(kms.evaluate(put, ofRotator, kms.policyOf(key.keyArn))).toContain("explicit deny");
  });

  it("and not without skipping the check, which counts the maker's own rights", async () => {
    const checked: Change = (input) => ({ ...input, BypassPolicyLockoutSafetyCheck: false });
    // its role does not let it ask so; one that did would be refused by KMS
    await expect(make("session", "ES256", checked)).rejects.toThrow("not authorized to perform: kms:CreateKey");
    const kms = open();
    const { Policy } = { Policy: JSON.stringify({ Statement: [everything] }) };
    const asked = { Policy, KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", BypassPolicyLockoutSafetyCheck: false };
    await expect(kms.call("CreateKey", asked)).rejects.toThrow("will not allow you to update the key policy");
  });
});

const everything = {
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: "kms:*",
  Resource: "*",
};

it("every key policy of the templates lets the account change it: the deployment's own lockout check passes", () => {
  const keys = all(templates, "AWS::KMS::Key");
  expect(keys.length).toBeGreaterThan(5);
  for (const { stack, id, it: found } of keys) {
    const policy = readPolicy(resolved(templates, stack, found.Properties.KeyPolicy), id);
    const put = { action: "kms:PutKeyPolicy", resource: `arn:aws:kms:${region}:${account}:key/${id}`, context: {} };
    expect(open().evaluate(put, everybody, policy)).toBeUndefined();
  }
});
