/** Keys as the rotator makes them: its own call, under its own role's policies, against a KMS with the lockout check. */
import type { KMSClient } from "@aws-sdk/client-kms";
import { beforeEach, describe, expect, it } from "vitest";
import type { KeyPurpose, SigningAlgorithm } from "../../core/model/ports.ts";
import { createKeyMaker } from "../../lambdas/aws/kms/key-maker.ts";
import { type KeyRoles, keyPolicyFault } from "../../lambdas/aws/kms/key-policy.ts";
import { env } from "../../lambdas/env.ts";
import { readPolicy, refusal, type Statement } from "../../local/emulator/iam/policy.ts";
import { openKms } from "../../local/emulator/kms/service.ts";
import { type Access, type Answer, type Json, type Service, ServiceError } from "../../local/emulator/service.ts";
import { resolved, statementsOf } from "./resolved.ts";
import { account, all, one, region, synthesized } from "./synthesized.ts";

const { templates } = synthesized();
const { Environment } = one(templates.Service, "AWS::Lambda::Function", "RotatorFunction").Properties as {
  Environment: { Variables: Record<string, string> };
};
const roles = JSON.parse(String(resolved(templates, "Service", Environment.Variables[env.keyRoles]))) as KeyRoles;
const ofRotator = statementsOf(templates, "Service", "Rotator") as unknown as Statement[];
const rotator = {
  roleArn: roles.rotator,
  sessionName: "rotator",
  tags: {},
  expiresAtMillis: 0,
  credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: "" },
};

const policies = new Map<string, Statement[]>();
const judge = ({ action, resource, context }: Access, identity: readonly Statement[], policy?: Statement[]) =>
  refusal(
    {
      principalArn: rotator.roleArn,
      account,
      action,
      resource,
      context: { ...context, "aws:principalarn": [rotator.roleArn], "aws:principalaccount": [account] },
    },
    { identity, ...(policy ? { resource: policy } : {}), resourceMustAllow: resource !== "*" },
  );
const open = (identity: readonly Statement[]): Service =>
  openKms([], new Map(), {
    account,
    region,
    policyOf: (arn) => JSON.stringify({ Statement: policies.get(arn) ?? [] }),
    setPolicy: (arn, document) => void policies.set(arn, readPolicy(document, arn)),
    lockout: (_, resource, document) =>
      judge({ action: "kms:PutKeyPolicy", resource, context: {} }, identity, readPolicy(document, resource)),
  });
/** The SDK's client, as far as the maker uses it: every call is judged by the rotator's own policies first. */
const clientOf = (kms: Service, identity: readonly Statement[], change: (input: Json) => Json): KMSClient =>
  ({
    async send(command: { input: Json }) {
      const operation = command.constructor.name.replace(/Command$/, "");
      const asked = change(command.input);
      for (const access of kms.access(operation, asked)) {
        const refused = judge(access, identity, policies.get(access.resource));
        if (refused !== undefined) throw new ServiceError("AccessDeniedException", refused);
      }
      const body = (await kms.call(operation, asked, rotator)).body as Record<string, unknown>;
      const { KeyMetadata: made, PublicKey } = body as { KeyMetadata?: { CreationDate: number }; PublicKey?: string };
      if (made) return { KeyMetadata: { ...made, CreationDate: new Date(made.CreationDate * 1000) } };
      return PublicKey === undefined ? body : { ...body, PublicKey: Buffer.from(PublicKey, "base64") };
    },
  }) as unknown as KMSClient;
const make = async (purpose: KeyPurpose, alg: SigningAlgorithm, change = (input: Json) => input) => {
  const kms = open(ofRotator);
  const client = clientOf(kms, ofRotator, change);
  const key = await createKeyMaker(client, { stage: "dev", roles, stackKeys: [] }).create(purpose, {
    id: "x",
    alg,
    sinceSeconds: 0,
  });
  return { kms, key };
};
beforeEach(() => policies.clear());

describe("the rotator makes a key that KMS takes although its maker may never change the policy", () => {
  it.each<[KeyPurpose, SigningAlgorithm]>([
    ["identity", "ES256"],
    ["session", "ES256"],
    ["session", "RS256"],
    ["status", "ES256"],
    ["events", "RS256"],
  ])("of %s, %s, which every function believes and the account can administer", async (purpose, alg) => {
    const { kms, key } = await make(purpose, alg);
    const { Policy } = ((await kms.call("GetKeyPolicy", { KeyId: key.keyArn }, rotator)) as Answer).body as {
      Policy: string;
    };
    expect(keyPolicyFault(Policy, purpose, roles)).toBeUndefined();
    const put = { action: "kms:PutKeyPolicy", resource: key.keyArn, context: {} };
    expect(judge(put, [{ Effect: "Allow", Action: "*", Resource: "*" }], policies.get(key.keyArn))).toBeUndefined();
    expect(judge(put, ofRotator, policies.get(key.keyArn))).toContain("explicit deny");
  });

  it("and not without skipping the check, which counts the maker's own rights", async () => {
    const checked = (input: Json) => ({ ...input, BypassPolicyLockoutSafetyCheck: false });
    // its role does not let it ask so; one that did would be refused by KMS
    await expect(make("session", "ES256", checked)).rejects.toThrow("not authorized to perform: kms:CreateKey");
    const kms = open(ofRotator);
    const { Policy } = { Policy: JSON.stringify({ Statement: [everything] }) };
    const asked = { Policy, KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", BypassPolicyLockoutSafetyCheck: false };
    expect(() => kms.call("CreateKey", asked, rotator)).toThrow("will not allow you to update the key policy");
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
    expect(judge(put, [{ Effect: "Allow", Action: "*", Resource: "*" }], policy)).toBeUndefined();
  }
});
