import { describe, expect, test } from "vitest";
import { env } from "../../lambdas/env.ts";
import { list, resolved, statementsOf } from "./resolved.ts";
import { rightsOf } from "./rights.ts";
import { all, one, type StackName, synthesized } from "./synthesized.ts";

const { templates } = synthesized();

const dataKey = [
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
].map((action) => `${action} on Data if by DynamoDB`);

const everyFunction = (role: string) => [
  `logs:CreateLogStream on log-group:${role}Logs:*`,
  `logs:PutLogEvents on log-group:${role}Logs:*`,
  "xray:PutTelemetryRecords on *",
  "xray:PutTraceSegments on *",
];

const record = ["dynamodb:PutItem on Outbox if in a transaction", "dynamodb:PutItem on Outbox if row denied#*"];
const stream = (table: string) =>
  ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
    (action) => `dynamodb:${action} on ${table}/stream/2026-01-01T00:00:00.000`,
  );

/** Keys are used by their own policies' gift: a role gets to read the rings and no more. */
const rings = (...purposes: string[]) => [
  `dynamodb:GetItem on Keyring if row ${purposes.map((one) => `${one}*`).join(" or ")}`,
];

const attesting = [
  "dynamodb:BatchGetItem on Revocations",
  "dynamodb:PutItem on Markers if in a transaction",
  "dynamodb:Query on Registry",
  "dynamodb:UpdateItem on Counters if row rate#*",
  "kms:GenerateMac on Nonce if HS256",
  ...rings("identity"),
  ...record,
];

const ownFunctions = all(templates, "AWS::Lambda::Function");
const withoutHash = (id = "") => id.replace(/[0-9A-F]{8}$/, "");
/** The roles that these functions run as, by name. */
const ownRoles = ownFunctions.map(
  ({ stack, it }) => String(resolved(templates, stack, it.Properties.Role)).split("/")[1],
);

const expected: [StackName, string, string[]][] = [
  ["Service", "Attest", attesting],
  ["Service", "AttestIam", attesting],
  [
    "Service",
    "Token",
    [
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:ConditionCheckItem on Tombstones",
      "dynamodb:GetItem on Lists if row list#*",
      "dynamodb:GetItem on Sessions",
      "dynamodb:PutItem on Counters if in a transaction, row uses#* where AWS says which",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:PutItem on Sessions if in a transaction",
      "dynamodb:PutItem on Subjects if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:UpdateItem on Counters if row rate#* or tree#*",
      "dynamodb:UpdateItem on Sessions",
      ...rings("identity", "session"),
      ...record,
    ],
  ],
  [
    "Service",
    "Introspect",
    [
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:GetItem on Sessions",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:UpdateItem on Counters if in a transaction, row uses#* where AWS says which",
      ...rings("identity", "session"),
      ...record,
    ],
  ],
  [
    "Service",
    "Revoke",
    [
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:GetItem on Sessions",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:PutItem on Tombstones if in a transaction",
      "dynamodb:UpdateItem on Counters if row rate#*",
      // it checks that an offer is not redeemed, and changes nothing of a session
      "dynamodb:ConditionCheckItem on Sessions",
      ...rings("identity", "session"),
      ...record,
    ],
  ],
  [
    "Service",
    "AdminRevoke",
    [
      "dynamodb:GetItem on Revocations if row burnt#* or standing#* or deployment#*",
      "dynamodb:GetItem on Sessions",
      "dynamodb:GetItem on Tombstones",
      "dynamodb:PutItem on Revocations if in a transaction",
      "dynamodb:PutItem on Tombstones if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:Query on Subjects",
      "dynamodb:UpdateItem on Revocations if in a transaction",
      ...record,
    ],
  ],
  [
    "Service",
    "AdminWrite",
    [
      "dynamodb:BatchWriteItem on Registry",
      "dynamodb:GetItem on Revocations if row deployment#*",
      "dynamodb:PutItem on Registry",
      "dynamodb:Query on Registry",
      "dynamodb:UpdateItem on Revocations if in a transaction, row deployment#* where AWS says which",
      ...record,
    ],
  ],
  [
    "Service",
    "AdminRead",
    [
      "dynamodb:BatchGetItem on Counters if row uses#*",
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:GetItem on Revocations",
      // it writes nothing: a refusal's record has a name that no grant's record can have
      "dynamodb:PutItem on Outbox if row denied#*",
      "dynamodb:Query on Registry",
      "dynamodb:Query on Sessions",
      "dynamodb:Query on Subjects",
    ],
  ],
  [
    "Issuer",
    "Discovery",
    [
      "dynamodb:GetItem on Registry if row published*",
      "dynamodb:GetItem on Lists if row list#*",
      ...rings("identity", "session", "status", "events"),
      "ssm:GetParameter on parameter/lanyard/dev/urls",
    ],
  ],
  [
    "Service",
    "Publisher",
    [
      "dynamodb:GetItem on Revocations if row deployment#*",
      "dynamodb:GetItem on Sessions",
      "dynamodb:Query on Sessions",
      "dynamodb:Query on Subjects",
      ...["GetItem", "PutItem", "UpdateItem"].map((action) => `dynamodb:${action} on Lists`),
      ...rings("status"),
      "sqs:SendMessage on PublisherFailures",
      ...stream("Revocations"),
      ...stream("Tombstones"),
    ],
  ],
  [
    "Service",
    "Rotator",
    [
      'Deny {"Action":["kms:CreateGrant","kms:GenerateMac","kms:ImportKeyMaterial","kms:PutKeyPolicy","kms:Sign"],"Effect":"Deny","Resource":"*"}',
      "dynamodb:BatchGetItem on Keyring if row identity* or session* or status* or events*",
      "dynamodb:BatchGetItem on Orders",
      "dynamodb:PutItem on Keyring if in a transaction, row identity* or session* or status* or events* where AWS says which",
      "dynamodb:PutItem on Outbox if in a transaction",
      'kms:CreateKey on * if {"StringEquals":{"kms:KeySpec":["ECC_NIST_P256","RSA_2048"],"kms:KeyUsage":"SIGN_VERIFY","kms:KeyOrigin":"AWS_KMS"},"Bool":{"kms:MultiRegion":"false","kms:BypassPolicyLockoutSafetyCheck":"true"}}',
      "kms:ListKeys on *",
      "sqs:SendMessage on RotatorFailures",
      ...stream("Orders"),
    ],
  ],
  [
    "Service",
    "AdminRotate",
    [
      "dynamodb:BatchGetItem on Keyring",
      "dynamodb:BatchGetItem on Orders",
      "dynamodb:PutItem on Orders if in a transaction",
      ...record,
    ],
  ],
  [
    "Service",
    "LifecycleWatch",
    [
      ...["DeleteItem", "Query"].map((action) => `dynamodb:${action} on Traces if row trace*`),
      ...["GetItem", "PutItem"].map((action) => `dynamodb:${action} on Traces if row looked*`),
      "dynamodb:PutItem on Traces if in a transaction, row trace* where AWS says which",
      "dynamodb:GetItem on Revocations if row deployment#*",
      "dynamodb:PutItem on Outbox if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:Query on Subjects",
    ],
  ],
  [
    "Service",
    "DriftWatch",
    [
      "dynamodb:PutItem on Outbox if in a transaction",
      "dynamodb:PutItem on Traces if in a transaction, row deployed* where AWS says which",
      "dynamodb:Query on Traces if row deployed*",
      // each of our own by its name
      ...ownFunctions.map(({ id }) => `lambda:GetFunctionConfiguration on function:${withoutHash(id)}`),
      ...ownRoles.map((name) => `iam:GetRole on role/${withoutHash(name)}`),
    ],
  ],
  [
    "Service",
    "Transmitter",
    [
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Tombstones",
      // it can write down that a receiver was not told, under a name that no grant's record can have
      "dynamodb:PutItem on Outbox if row denied#*",
      "dynamodb:Query on Registry",
      "dynamodb:Query on Sessions",
      "dynamodb:Query on Subjects",
      ...rings("events"),
      "sqs:DeleteMessage on Events",
      "sqs:GetQueueAttributes on Events",
      "sqs:ReceiveMessage on Events",
      "sqs:SendMessage on Events",
      "sqs:SendMessage on UndeliveredEvents",
      "ssm:GetParameter on parameter/lanyard/dev/receivers/*",
    ],
  ],
  [
    "Audit",
    "Relay",
    [
      "events:PutEvents on event-bus/lanyard-dev-audit",
      "sqs:SendMessage on Refused",
      "sqs:SendMessage on RelayFailures",
      ...stream("Outbox"),
    ],
  ],
];

describe("rights of the functions", () => {
  test.each(expected)("%s %s may do exactly what it needs", (stack, role, rights) => {
    expect(rightsOf(templates, stack, role)).toEqual([...rights, ...dataKey, ...everyFunction(role)].sort());
  });

  test("the sealer retains what stands below two prefixes, and can neither read, write nor delete", () => {
    const rights = rightsOf(templates, "Audit", "Sealer").map((line) => line.replace(/auditbucket\w+/, "bucket"));
    expect(rights).toEqual(
      [
        "s3:PutObjectRetention on bucket/audit/*",
        "s3:PutObjectRetention on bucket/errors/*",
        "sqs:SendMessage on Unsealed",
        ...everyFunction("Sealer"),
      ].sort(),
    );
  });

  test("no function is left out of the list above", () => {
    const made = all(templates, "AWS::Lambda::Function").map(({ stack, id }) => `${stack} ${id.split("Function")[0]}`);
    expect(made.sort()).toEqual(["Audit Sealer", ...expected.map(([stack, role]) => `${stack} ${role}`)].sort());
  });

  test("Firehose may add objects below two prefixes and can neither delete nor touch retention", () => {
    const rights = rightsOf(templates, "Audit", "DeliveryFirehose").map((line) =>
      line.replace(/auditbucket\w+/, "bucket"),
    );
    expect(rights).toEqual([
      "kms:Decrypt on Data if by S3",
      "kms:GenerateDataKey on Data if by S3",
      "logs:PutLogEvents on log-group:DeliveryLogs:*",
      "s3:AbortMultipartUpload on bucket/audit/*",
      "s3:AbortMultipartUpload on bucket/errors/*",
      "s3:GetBucketLocation on bucket",
      "s3:ListBucket on bucket",
      "s3:ListBucketMultipartUploads on bucket",
      "s3:ListMultipartUploadParts on bucket/audit/*",
      "s3:ListMultipartUploadParts on bucket/errors/*",
      "s3:PutObject on bucket/audit/*",
      "s3:PutObject on bucket/errors/*",
    ]);
  });

  test("no role has a wildcard action, and `*` as resource only for tracing", () => {
    const roles = all(templates, "AWS::IAM::Role");
    expect(roles.length).toBeGreaterThan(9);
    for (const { stack, id } of roles) {
      for (const statement of statementsOf(templates, stack, id)) {
        expect(list(statement.Action).filter((action) => action.includes("*"))).toEqual([]);
        if (list(statement.Resource).includes("*")) {
          // keys that are not made yet have no name; a deny may well mean all there is
          const nameless = ["kms:CreateKey", "kms:ListKeys"];
          const fits = (action: string) => action.startsWith("xray:") || nameless.includes(action);
          expect(statement.Effect === "Deny" || list(statement.Action).every(fits)).toBe(true);
        }
      }
    }
  });

  test("threat 3: no role has a right to sign with anything; the keys say who may, and that no other can be let to", () => {
    const signs = all(templates, "AWS::IAM::Role").flatMap(({ stack, id }) =>
      rightsOf(templates, stack, id).filter((line) => line.startsWith("kms:Sign ")),
    );
    expect(signs).toEqual([]);
  });
});

test("attest looks up what the stage names and nothing else, and the other function that attests looks nothing up", () => {
  const codeLookup = { lambda: { functions: ["planner"] }, ecs: { clusters: ["agents"], roles: ["agents/Planner"] } };
  const asked = synthesized({ codeLookup }).templates;
  const more = rightsOf(asked, "Service", "Attest").filter(
    (line) => !rightsOf(templates, "Service", "Attest").includes(line),
  );
  expect(more).toEqual([
    "ecs:DescribeTasks on task/agents/*",
    "iam:GetRole on role/agents/Planner",
    "lambda:GetFunctionConfiguration on function:planner:*",
  ]);
  expect(rightsOf(asked, "Service", "AttestIam")).toEqual(rightsOf(templates, "Service", "AttestIam"));
  const variables = (id: string, from = asked) =>
    (one(from.Service, "AWS::Lambda::Function", id).Properties.Environment as { Variables: Record<string, unknown> })
      .Variables;
  expect(variables("AttestFunction")[env.codeLookups]).toBe("lambda,ecs");
  expect(variables("AttestIam")).not.toHaveProperty(env.codeLookups);
  expect(variables("AttestFunction", templates)).not.toHaveProperty(env.codeLookups);
});

test("an instance's document alone is taken where the stage says so, and costs no right", () => {
  const allowed = synthesized({ instanceIdentityAlone: true }).templates;
  const variables = (from: typeof templates, id: string) =>
    (one(from.Service, "AWS::Lambda::Function", id).Properties.Environment as { Variables: Record<string, unknown> })
      .Variables;
  expect(variables(allowed, "AttestFunction")[env.instanceIdentityAlone]).toBe("true");
  expect(variables(templates, "AttestFunction")).not.toHaveProperty(env.instanceIdentityAlone);
  expect(variables(allowed, "AttestIam")).not.toHaveProperty(env.instanceIdentityAlone);
  expect(rightsOf(allowed, "Service", "Attest")).toEqual(rightsOf(templates, "Service", "Attest"));
});
