import { describe, expect, test } from "vitest";
import { resolved, type Statement } from "../resolved.ts";
import { account, all, bare, one, region, synthesized, type Template } from "../synthesized.ts";

const { templates } = synthesized();
const { State } = templates;
const role = (name: string) => `arn:aws:iam::${account}:role/lanyard-dev-${region}-${name}`;

function policy(properties: Record<string, unknown>, name: string): Statement[] {
  return (resolved(templates, "State", properties[name]) as { Statement: Statement[] }).Statement;
}

describe("retained resources", () => {
  // a changed id is a new resource: an empty table, a new key, another issuer
  const kept: Record<string, string[]> = {
    State: [
      "AuditBucketB01E0AE8",
      "AuditBucketPolicy9F807F4B",
      "KeysDataA2F7C5E6",
      "KeysEcSession649EEB1F",
      "KeysEventsEE72122D",
      "KeysIdentityE99CE39F",
      "KeysLog6E3B5E4F",
      "KeysNonce1B1A3A3F",
      "KeysSessionC69A383E",
      "KeysStatus33E29662",
      "TablesApprovalsAE375412",
      "TablesBudgetsFD901A3B",
      "TablesChangesCE5E7F7A",
      "TablesConfirmations46F85C43",
      "TablesCountersF3818E58",
      "TablesDecisions5C131F28",
      "TablesKeyring369B9807",
      "TablesLeaves21BAC0AC",
      "TablesListsA8FDA70A",
      "TablesMarkersF06A8A47",
      "TablesOrdersACF7C9C0",
      "TablesOutboxD51CD487",
      "TablesPeopleB2744939",
      "TablesRegistry55D7706D",
      "TablesRevocations4CFAEA74",
      "TablesSessions486350CB",
      "TablesSubjectsDA5AFF8A",
      "TablesTombstones4F1F52F6",
      "TablesTracesCF5DBC57",
      "TablesVendsBF8F77E9",
    ],
    Issuer: [
      "DiscoveryFunctionEB86AD59",
      "DiscoveryFunctionFunctionUrl46C1DA03",
      "DiscoveryLogs99DF3CE1",
      "DiscoveryRole2C97B6E4",
      "DiscoveryRoleDefaultPolicy9656D794",
    ],
    Audit: [],
    Service: [],
  };
  test.each(Object.entries(kept))("of %s keep their logical ids", (stack, ids) => {
    const { Resources } = templates[stack as keyof typeof templates];
    const retained = Object.keys(Resources).filter((id) => Resources[id]?.DeletionPolicy?.startsWith("Retain"));
    expect(retained.sort()).toEqual(ids);
    for (const id of ids) expect(Resources[id]?.UpdateReplacePolicy).toBe("Retain");
  });

  test("have no physical names, so that a failed first deployment leaves nothing in the way", () => {
    for (const { Type, Properties } of Object.values(State.Resources)) {
      expect([Type, Properties.TableName, Properties.BucketName, Properties.AliasName]).toEqual([
        Type,
        undefined,
        undefined,
        undefined,
      ]);
    }
    expect(one(templates.Issuer, "AWS::Lambda::Function").Properties.FunctionName).toBeUndefined();
  });

  test("State holds tables, keys and the bucket alone: nothing that can fail", () => {
    const types = new Set(Object.values(State.Resources).map(({ Type }) => Type));
    expect([...types].sort()).toEqual([
      "AWS::DynamoDB::GlobalTable",
      "AWS::KMS::Key",
      "AWS::S3::Bucket",
      "AWS::S3::BucketPolicy",
    ]);
  });
});

describe("tables", () => {
  const table = (name: string, template: Template = State) =>
    one(template, "AWS::DynamoDB::GlobalTable", `Tables${name}`).Properties;
  const keys = (schema: unknown) => (schema as { AttributeName: string }[]).map((key) => key.AttributeName);

  test.each([
    ["Sessions", ["root", "sid"], true, false],
    ["Vends", ["root", "vend"], true, false],
    ["Subjects", ["subject", "session"], true, false],
    ["Markers", ["key"], true, false],
    ["Counters", ["key"], true, false],
    ["Budgets", ["key"], true, false],
    ["Approvals", ["key", "item"], true, false],
    ["Decisions", ["approval", "approver"], true, false],
    ["Changes", ["key", "item"], true, false],
    ["Tombstones", ["session"], true, true],
    // a counter that expired would begin again at 0, and bring dead sessions back to life
    ["Revocations", ["subject"], false, true],
    ["Lists", ["list"], true, false],
    ["Registry", ["kind", "name"], false, false],
    ["Outbox", ["eventId"], true, true],
    ["Keyring", ["ring"], false, false],
    ["Orders", ["ring"], false, true],
    ["Traces", ["kind", "name"], false, false],
    ["Leaves", ["event"], true, false],
  ])("%s has its keys, TTL and stream", (name, schema, ttl, stream) => {
    const { KeySchema, TimeToLiveSpecification, StreamSpecification, BillingMode } = table(name);
    expect(keys(KeySchema)).toEqual(schema);
    expect(TimeToLiveSpecification).toEqual(ttl ? { AttributeName: "expiresAt", Enabled: true } : undefined);
    expect(StreamSpecification).toEqual(stream ? { StreamViewType: "NEW_IMAGE" } : undefined);
    expect(BillingMode).toBe("PAY_PER_REQUEST");
  });

  test("all are encrypted by the data key, protected from deletion and restorable to a point in time", () => {
    const tables = all(templates, "AWS::DynamoDB::GlobalTable");
    expect(tables).toHaveLength(20);
    for (const { it } of tables) {
      expect(it.Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: "KMS" });
      expect(resolved(templates, "State", it.Properties.Replicas)).toMatchObject([
        {
          Region: region,
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { KMSMasterKeyId: `arn:aws:kms:${region}:${account}:key/KeysDataA2F7C5E6` },
        },
      ]);
    }
  });

  test("threat 6: none but the list of what the log lacks has an index, since an index may lag behind what a revocation has to find", () => {
    for (const { id, it } of all(templates, "AWS::DynamoDB::GlobalTable"))
      if (!id.startsWith("TablesLeaves")) expect(it.Properties.GlobalSecondaryIndexes).toBeUndefined();
    const index = (IndexName: string) => ({
      IndexName,
      KeySchema: [
        { AttributeName: IndexName, KeyType: "HASH" },
        { AttributeName: "at", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    });
    expect(table("Leaves").GlobalSecondaryIndexes).toEqual([index("unsealed"), index("unseen")]);
  });
});

const rsa = { spec: "RSA_2048", algorithm: "RSASSA_PKCS1_V1_5_SHA_256" };
const ec = { spec: "ECC_NIST_P256", algorithm: "ECDSA_SHA_256" };
// Ed25519 hashes the message itself
const ed = { spec: "ECC_NIST_EDWARDS25519", algorithm: "ED25519_SHA_512", type: "RAW" };

/** What a key may sign, and how. */
interface Signs {
  readonly spec: string;
  readonly algorithm: string;
  readonly type?: string;
}

describe("keys", () => {
  test("stand for nothing that a stage has not: no ES256 session, no nonces, no security events", () => {
    const { templates: plain } = synthesized(bare);
    const keys = all(plain, "AWS::KMS::Key").map(({ id }) => id.replace(/^Keys|[0-9A-F]{8}$/g, ""));
    expect(keys.sort()).toEqual(["Data", "Identity", "Log", "Nonce", "Session", "Status"]);
    expect(all(plain, "AWS::SQS::Queue").map(({ id }) => id)).not.toContainEqual(expect.stringMatching(/^Events/));
    expect(JSON.stringify(plain)).not.toContain("LANYARD_EVENTS_KEY_ARN");
  });

  test.each([
    ["Identity", rsa, "TheseRolesOnly", [role("attest"), role("attest-iam")]],
    ["Session", rsa, "OneRoleOnly", role("token")],
    ["EcSession", ec, "OneRoleOnly", role("token")],
    ["Status", rsa, "OneRoleOnly", role("publisher")],
    ["Log", ed, "OneRoleOnly", role("sealer")],
  ])(
    "threat 11: %s signs by %j alone for its own roles, and an explicit deny stops everybody else: %s",
    (name, { spec, algorithm, type = "DIGEST" }: Signs, sid, signer) => {
      const { Properties } = one(State, "AWS::KMS::Key", `Keys${name}`);
      expect(Properties).toMatchObject({ KeySpec: spec, KeyUsage: "SIGN_VERIFY" });
      const denied = { Effect: "Deny", Principal: { AWS: "*" }, Action: "kms:Sign", Resource: "*" };
      expect(policy(Properties, "KeyPolicy")).toEqual([
        {
          Sid: "AccountAdministers",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: "kms:*",
          Resource: "*",
        },
        { ...denied, Sid: sid, Condition: { ArnNotEquals: { "aws:PrincipalArn": signer } } },
        { ...denied, Sid: `OnlyMessageType${type}`, Condition: { StringNotEquals: { "kms:MessageType": type } } },
        {
          ...denied,
          Sid: `OnlySigningAlgorithm${algorithm.replaceAll("_", "")}`,
          Condition: { StringNotEquals: { "kms:SigningAlgorithm": algorithm } },
        },
        expect.objectContaining({
          Sid: "SignersSign",
          Action: "kms:Sign",
          Condition: { ArnEquals: { "aws:PrincipalArn": signer } },
        }),
        expect.objectContaining({ Sid: "TheAccountReads" }),
        ...(name === "Log" ? [] : [expect.objectContaining({ Sid: "RotatorDisables", Action: "kms:DisableKey" })]),
      ]);
    },
  );

  test("the key of challenges makes MACs for the two functions that attest", () => {
    const { Properties } = one(State, "AWS::KMS::Key", "KeysNonce");
    expect(Properties).toMatchObject({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
    expect(policy(Properties, "KeyPolicy")).toContainEqual(
      expect.objectContaining({
        Effect: "Deny",
        Action: "kms:GenerateMac",
        Condition: { ArnNotEquals: { "aws:PrincipalArn": [role("attest"), role("attest-iam")] } },
      }),
    );
  });

  test("the data key rotates", () => {
    expect(one(State, "AWS::KMS::Key", "KeysData").Properties.EnableKeyRotation).toBe(true);
  });

  test("threat 3: the key of security events is RSA, signs RS256 alone, and for the transmitter alone", () => {
    const { Properties } = one(State, "AWS::KMS::Key", "KeysEvents");
    expect(Properties).toMatchObject({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
    const denied = policy(Properties, "KeyPolicy").filter(({ Effect }) => Effect === "Deny");
    expect(denied.map(({ Condition }) => Condition)).toEqual([
      { ArnNotEquals: { "aws:PrincipalArn": role("transmitter") } },
      { StringNotEquals: { "kms:MessageType": "DIGEST" } },
      { StringNotEquals: { "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256" } },
    ]);
  });

  test("every role that a policy names by a literal is really made under that name", () => {
    const made = all(templates, "AWS::IAM::Role").flatMap(({ it }) => it.Properties.RoleName ?? []);
    const named = JSON.stringify(templates).match(/role\/lanyard-dev-eu-west-1-[a-z-]+/g) ?? [];
    // a name that nobody has yet is anybody's: whoever makes a role of it would be let in (threat 45)
    expect(named.map((name) => name.slice("role/".length)).filter((name) => !made.includes(name))).toEqual([]);
    expect(made).toHaveLength(27);
  });
});
