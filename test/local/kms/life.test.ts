import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { readPolicy, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";
import { openKey } from "../../../local/emulator/kms/key.ts";
import { openKms } from "../../../local/emulator/kms/service.ts";
import { type Answer, type Json, type Service, ServiceError } from "../../../local/emulator/service.ts";

const account = "111122223333";
const rotator = `arn:aws:iam::${account}:role/rotator`;
const folder = mkdtempSync(join(tmpdir(), "kms-life-"));
afterAll(() => rmSync(folder, { recursive: true }));

const policies = new Map<string, Statement[]>();
const template = openKey(
  {
    id: "first",
    arn: `arn:aws:kms:eu-west-1:${account}:key/first`,
    spec: "ECC_NIST_P256",
    usage: "SIGN_VERIFY",
    enabled: true,
    tags: {},
  },
  undefined,
);
const open = (directory?: string): Service =>
  openKms([template], new Map(), {
    account,
    region: "eu-west-1",
    ...(directory === undefined ? {} : { directory }),
    policyOf: (arn) => JSON.stringify({ Statement: policies.get(arn) ?? [] }),
    setPolicy: (arn, document) => void policies.set(arn, readPolicy(document, arn)),
    lockout: ({ roleArn }, resource, document) =>
      refusal(
        {
          principalArn: roleArn,
          account,
          action: "kms:PutKeyPolicy",
          resource,
          context: { "aws:principalarn": [roleArn] },
        },
        { identity: identity.value, resource: readPolicy(document, resource), resourceMustAllow: true },
      ),
  });
/** What the caller's role is allowed and denied. */
const identity: { value: Statement[] } = { value: [] };

let kms: Service;
beforeEach(() => {
  policies.clear();
  identity.value = [];
  kms = open();
});
const caller = {
  roleArn: rotator,
  sessionName: "s",
  tags: {},
  issuedAtMillis: 0,
  expiresAtMillis: 0,
  credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: "" },
};
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
type Answered = Record<string, any>;
const call = (operation: string, input: Json, at = kms) =>
  (at.call(operation, input, caller) as Answer).body as Answered;
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof ServiceError ? thrown.code : String(thrown);
  }
  return undefined;
};
const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "kms:DisableKey",
      Resource: "*",
      Condition: { ArnEquals: { "aws:PrincipalArn": rotator } },
    },
    {
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "kms:ScheduleKeyDeletion",
      Resource: "*",
      Condition: { NumericGreaterThanEquals: { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" } },
    },
  ],
});
const wish = {
  KeySpec: "ECC_NIST_P256",
  KeyUsage: "SIGN_VERIFY",
  Description: "one, intent x",
  Policy: policy,
  BypassPolicyLockoutSafetyCheck: true,
};
const create = (at = kms): string => call("CreateKey", wish, at).KeyMetadata.Arn;
const sign = (KeyId: string, at = kms) =>
  call(
    "Sign",
    { KeyId, Message: Buffer.alloc(32).toString("base64"), MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" },
    at,
  );
/** What IAM says of a call by the rotator that no identity policy allows. */
const verdict = (operation: string, input: Json) =>
  kms.access(operation, input).map(({ action, resource, context }) =>
    refusal(
      { principalArn: rotator, account, action, resource, context: { ...context, "aws:principalarn": [rotator] } },
      {
        identity: [],
        ...(policies.has(resource) ? { resource: policies.get(resource) ?? [] } : {}),
        resourceMustAllow: true,
      },
    ),
  );

describe("a key that a function makes", () => {
  it("signs, is listed and described, and has the policy it was made with, which counts", () => {
    const askedSeconds = Date.now() / 1000;
    const arn = create();
    const madeSeconds = Date.now() / 1000;
    expect(sign(arn).Signature).toBeDefined();
    expect(call("ListKeys", {}).Keys.map((key: { KeyArn: string }) => key.KeyArn)).toContain(arn);
    const { KeyMetadata } = call("DescribeKey", { KeyId: arn });
    expect(KeyMetadata).toMatchObject({
      Origin: "AWS_KMS",
      MultiRegion: false,
      KeyState: "Enabled",
      Description: "one, intent x",
    });
    expect(KeyMetadata.CreationDate).toBeGreaterThanOrEqual(Math.floor(askedSeconds));
    expect(KeyMetadata.CreationDate).toBeLessThanOrEqual(madeSeconds);
    expect(call("GetKeyPolicy", { KeyId: arn }).Policy).toBe(policy);
    expect(verdict("DisableKey", { KeyId: arn })).toEqual([undefined]);
    expect(verdict("Sign", { KeyId: arn })[0]).toContain("not authorized");
  });

  it("is evaluated by the days its deletion is put off", () => {
    const KeyId = create();
    expect(verdict("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 30 })).toEqual([undefined]);
    expect(verdict("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })[0]).toContain("not authorized");
  });

  it("can be an RSA key", () => {
    const made = call("CreateKey", { ...wish, KeySpec: "RSA_2048" }).KeyMetadata;
    expect(call("GetPublicKey", { KeyId: made.Arn }).SigningAlgorithms).toEqual(["RSASSA_PKCS1_V1_5_SHA_256"]);
  });

  it.each([
    ["without a policy", { Policy: undefined }, "ValidationException"],
    [
      "with a policy that this cloud cannot judge in full",
      { Policy: JSON.stringify({ Statement: [{ Effect: "Allow", Strange: 1 }] }) },
      "MalformedPolicyDocumentException",
    ],
    ["whose material comes from outside", { Origin: "EXTERNAL" }, "UnsupportedOperationException"],
    ["of several Regions", { MultiRegion: true }, "UnsupportedOperationException"],
    [
      "with tags, which would be forgotten",
      { Tags: [{ TagKey: "a", TagValue: "b" }] },
      "UnsupportedOperationException",
    ],
    ["that encrypts", { KeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT" }, "UnsupportedOperationException"],
  ])("is not made %s", (_, more, code) => {
    expect(codeOf(() => call("CreateKey", { ...wish, ...more }))).toBe(code);
    expect(call("ListKeys", {}).Keys).toHaveLength(1);
  });

  it("is made by what IAM says of kind, origin, Regions and lockout", () => {
    const [access] = kms.access("CreateKey", wish);
    expect(access).toEqual({
      action: "kms:CreateKey",
      resource: "*",
      context: {
        "kms:keyspec": ["ECC_NIST_P256"],
        "kms:keyusage": ["SIGN_VERIFY"],
        "kms:keyorigin": ["AWS_KMS"],
        "kms:multiregion": ["false"],
        "kms:bypasspolicylockoutsafetycheck": ["true"],
      },
    });
  });
});

/** The check counts what the caller itself could do next, not what the policy's text lets the account do. */
describe("a policy under which the caller could not change the key again", () => {
  const everything: Statement = { Effect: "Allow", Action: "kms:*", Resource: "*" };
  const denied: Statement = { Effect: "Deny", Action: "kms:PutKeyPolicy", Resource: "*" };
  const root = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" };
  const self = { Effect: "Allow", Principal: { AWS: rotator }, Action: "kms:PutKeyPolicy", Resource: "*" };
  const stranger = { ...root, Principal: { AWS: "arn:aws:iam::999999999999:root" } };
  const noOne = { Effect: "Deny", Principal: "*", Action: "kms:PutKeyPolicy", Resource: "*" };
  const refused = "MalformedPolicyDocumentException";
  it.each<[string, object[], Statement[], string | undefined]>([
    ["that delegates to IAM, by one whom IAM allows", [root], [everything], undefined],
    ["that delegates to IAM, by one whom IAM allows nothing", [root], [], refused],
    ["that delegates to IAM, by one whom IAM denies it", [root], [everything, denied], refused],
    ["that names its caller", [self], [], undefined],
    ["that names its caller, whom IAM denies it", [self], [denied], refused],
    ["that delegates to another account alone", [stranger], [everything], refused],
    ["that denies it to everybody", [root, noOne], [everything], refused],
    ["that says nothing of it", [{ ...self, Action: "kms:Sign" }], [everything], refused],
  ])("%s", (_, Statement, rights, code) => {
    identity.value = rights;
    const asked = { ...wish, Policy: JSON.stringify({ Statement }) };
    expect(codeOf(() => call("CreateKey", { ...asked, BypassPolicyLockoutSafetyCheck: false }))).toBe(code);
    expect(codeOf(() => call("CreateKey", { ...asked, BypassPolicyLockoutSafetyCheck: undefined }))).toBe(code);
    expect(call("ListKeys", {}).Keys).toHaveLength(code === undefined ? 3 : 1);
    call("CreateKey", asked);
  });
});

describe("the end of a key", () => {
  it.each([
    ["first", "a key of the template"],
    ["made", "a key that a function made"],
  ])("a disabled key signs nothing and shows nothing, and is still described (%s)", (which) => {
    const KeyId = which === "first" ? "first" : create();
    call("DisableKey", { KeyId });
    expect(codeOf(() => sign(KeyId))).toBe("DisabledException");
    expect(codeOf(() => call("GetPublicKey", { KeyId }))).toBe("DisabledException");
    expect(call("DescribeKey", { KeyId }).KeyMetadata.KeyState).toBe("Disabled");
  });

  it("a key whose deletion was ordered does nothing any more, cannot be ordered again, and comes back disabled", () => {
    const KeyId = create();
    expect(call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 30 }).KeyState).toBe("PendingDeletion");
    expect(codeOf(() => sign(KeyId))).toBe("KMSInvalidStateException");
    expect(codeOf(() => call("ScheduleKeyDeletion", { KeyId }))).toBe("KMSInvalidStateException");
    expect(codeOf(() => call("DisableKey", { KeyId }))).toBe("KMSInvalidStateException");
    call("CancelKeyDeletion", { KeyId });
    expect(call("DescribeKey", { KeyId }).KeyMetadata.KeyState).toBe("Disabled");
    expect(codeOf(() => call("CancelKeyDeletion", { KeyId }))).toBe("KMSInvalidStateException");
  });

  it.each([6, 31, 0])("cannot be put off by %i days", (PendingWindowInDays) => {
    const KeyId = create();
    expect(codeOf(() => call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays }))).toBe("ValidationException");
  });
});

describe("a restart", () => {
  it("finds made keys, their policies, and what was disabled or is to be deleted", () => {
    const first = open(folder);
    const [kept, ended] = [create(first), create(first)];
    call("ScheduleKeyDeletion", { KeyId: ended }, first);
    call("DisableKey", { KeyId: "first" }, first);
    const before = call("GetPublicKey", { KeyId: kept }, first).PublicKey;
    policies.clear();
    const second = open(folder);
    expect(call("GetPublicKey", { KeyId: kept }, second).PublicKey).toBe(before);
    expect(policies.has(kept)).toBe(true);
    expect(codeOf(() => sign(ended, second))).toBe("KMSInvalidStateException");
    expect(codeOf(() => sign("first", second))).toBe("DisabledException");
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });
});

it("keys are listed a page at a time", () => {
  const made = Array.from({ length: 4 }, () => create());
  const seen: string[] = [];
  let marker: string | undefined;
  do {
    const page = call("ListKeys", { Limit: 2, ...(marker === undefined ? {} : { Marker: marker }) });
    expect(page.Keys.length).toBeLessThanOrEqual(2);
    seen.push(...page.Keys.map((key: { KeyArn: string }) => key.KeyArn));
    marker = page.NextMarker;
  } while (marker !== undefined);
  expect(seen).toEqual([template.arn, ...made]);
});
