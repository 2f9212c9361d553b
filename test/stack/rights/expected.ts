import { resolved } from "../resolved.ts";
import { all, type StackName, synthesized } from "../synthesized.ts";
import { approving, telling } from "./approving.ts";
import { deciding } from "./deciding.ts";
import { auditRights, deniedLogRows, stream } from "./expected-audit.ts";
import { hearing } from "./hearing.ts";
import { record, rings } from "./usual.ts";

export const { templates } = synthesized();

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

export const expected: [StackName, string, string[]][] = [
  ["Service", "Attest", attesting],
  ["Service", "AttestIam", attesting],
  [
    "Service",
    "Token",
    [
      "dynamodb:PutItem on Confirmations if in a transaction",
      "dynamodb:BatchGetItem on Confirmations",
      "dynamodb:BatchGetItem on Approvals",
      "dynamodb:BatchGetItem on Decisions",
      "dynamodb:ConditionCheckItem on Decisions",
      "dynamodb:GetItem on Approvals",
      "dynamodb:PutItem on Approvals if in a transaction",
      "dynamodb:Query on Approvals",
      "dynamodb:Query on Decisions",
      "dynamodb:UpdateItem on Counters if row poll#*",
      "dynamodb:BatchGetItem on People",
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:ConditionCheckItem on Tombstones",
      "dynamodb:GetItem on Lists if row list#*",
      "dynamodb:GetItem on Sessions",
      "dynamodb:PutItem on Counters if in a transaction, row uses#* where AWS says which",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:PutItem on People if in a transaction",
      "dynamodb:PutItem on Sessions if in a transaction",
      "dynamodb:PutItem on Subjects if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:UpdateItem on Counters if row locator#*",
      "dynamodb:UpdateItem on Counters if row rate#* or tree#*",
      "dynamodb:UpdateItem on Sessions",
      ...rings("identity", "session"),
      ...record,
    ],
  ],
  deciding("Decide", [...record, ...rings("identity", "session")]),
  deciding("DecideIam", record),
  approving("Approve", record),
  approving("ApproveToken", record),
  hearing(record),
  [
    "Service",
    "Introspect",
    [
      "dynamodb:BatchGetItem on Confirmations",
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:GetItem on Sessions",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:GetItem on Budgets if row report#*",
      "dynamodb:PutItem on Budgets if in a transaction",
      "dynamodb:UpdateItem on Budgets",
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
    "Credentials",
    [
      "dynamodb:BatchGetItem on Confirmations",
      "dynamodb:BatchGetItem on Markers",
      "dynamodb:BatchGetItem on People",
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:PutItem on Markers if in a transaction",
      "dynamodb:Query on Registry",
      "dynamodb:UpdateItem on Counters if row rate#*",
      "dynamodb:UpdateItem on Vends if in a transaction",
      // of which accounts: test/stack/service/credentials.test.ts
      "sts:AssumeRole on role/lanyard/target/*",
      "sts:SetSourceIdentity on role/lanyard/target/*",
      "sts:TagSession on role/lanyard/target/*",
      ...rings("identity", "session"),
      ...record,
    ],
  ],
  [
    "Service",
    "AdminRevoke",
    [
      "dynamodb:PutItem on Confirmations if in a transaction",
      "dynamodb:DeleteItem on People if in a transaction",
      "dynamodb:GetItem on People",
      "dynamodb:GetItem on Revocations if row burnt#* or standing#* or deployment#*",
      "dynamodb:GetItem on Sessions",
      "dynamodb:GetItem on Tombstones",
      "dynamodb:PutItem on People",
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
      "dynamodb:BatchGetItem on Budgets if row *#person/* or *#agent/* or *#policy/* or *#session/*",
      ...["Changes", "Decisions"].map((table) => `dynamodb:Query on ${table}`),
      "dynamodb:BatchGetItem on Confirmations",
      "dynamodb:BatchGetItem on Counters if row uses#*",
      "dynamodb:BatchGetItem on Revocations",
      "dynamodb:BatchGetItem on Sessions",
      "dynamodb:BatchGetItem on Tombstones",
      "dynamodb:GetItem on Leaves",
      "dynamodb:GetItem on People",
      "dynamodb:GetItem on Revocations",
      // it changes nothing: records of refusals and reveals have names that no grant's record can have
      "dynamodb:PutItem on Outbox if row denied#*",
      "dynamodb:PutItem on Outbox if row reveal#*",
      "dynamodb:Query on Registry",
      "dynamodb:Query on Sessions",
      "dynamodb:Query on Subjects",
      "dynamodb:Query on Vends",
      "dynamodb:UpdateItem on Counters if row reveal#*",
      deniedLogRows("GetItem"),
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
      "dynamodb:Query on Vends",
      ...["GetItem", "PutItem", "UpdateItem"].map((action) => `dynamodb:${action} on Lists`),
      ...rings("status"),
      "lambda:InvokeFunction on function:AwsStopFunction",
      "sqs:SendMessage on PublisherFailures",
      ...stream("Revocations"),
      ...stream("Tombstones"),
    ],
  ],
  [
    "Service",
    "AwsStop",
    [
      "dynamodb:GetItem on Lists if row publish#stops*",
      // it can tell what it could not do, under a name that no grant's record can have
      "dynamodb:PutItem on Outbox if row denied#*",
      // one role of each account, by its name: no role that is lent to sessions
      "sts:AssumeRole on role/lanyard/stop/lanyard-dev-eu-west-1-stop-writer",
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
  telling,
  ...auditRights,
];
