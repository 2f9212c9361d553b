import { describe, expect, test } from "vitest";
import { resolved } from "../resolved.ts";
import { account, one, region } from "../synthesized.ts";
import {
  admin,
  type Call,
  credentials,
  discovery,
  idOf,
  introspect,
  outcome,
  revoke,
  role,
  rowOf,
  table,
  templates,
  token,
  transaction,
} from "./ground.ts";

const key = (name: string) => `arn:aws:kms:${region}:${account}:key/${idOf(`Keys${name}`)}`;

const bus = `arn:aws:events:${region}:${account}:event-bus/lanyard-dev-audit`;

const root = `arn:aws:iam::${account}:root`;

const attest: Pick<Call, "principal" | "policies"> = {
  principal: role("lanyard-dev-eu-west-1-attest"),
  policies: ["Service", "Attest"],
};

const person: Pick<Call, "principal" | "policies"> = { principal: role("Administrator"), policies: "administrator" };

/** What may be written outside transactions too. */
const more = new Set(["admin-write PutItem Registry", "admin-revoke PutItem People"]);

/**
 * AWS documents `dynamodb:LeadingKeys` within transactions for ConditionCheckItem alone: it may be filled for the other
 * parts of one, or not.
 */
describe("threat 45: writes within a transaction", () => {
  const named: Record<string, Pick<Call, "principal" | "policies">> = {
    attest,
    "attest-iam": { principal: role("lanyard-dev-eu-west-1-attest-iam"), policies: ["Service", "AttestIam"] },
    token,
    introspect,
    credentials,
    revoke,
    decide: { principal: role("lanyard-dev-eu-west-1-decide"), policies: ["Service", "Decide"] },
    "decide-iam": { principal: role("lanyard-dev-eu-west-1-decide-iam"), policies: ["Service", "DecideIam"] },
    approve: { principal: role("lanyard-dev-eu-west-1-approve"), policies: ["Service", "Approve"] },
    "approve-token": { principal: role("lanyard-dev-eu-west-1-approve-token"), policies: ["Service", "ApproveToken"] },
    signals: { principal: role("lanyard-dev-eu-west-1-signals"), policies: ["Service", "Signals"] },
    "admin-revoke": admin,
    "admin-write": { principal: role("admin-write"), policies: ["Service", "AdminWrite"] },
    rotator: { principal: role("lanyard-dev-eu-west-1-rotator"), policies: ["Service", "Rotator"] },
    "admin-rotate": { principal: role("lanyard-dev-eu-west-1-admin-rotate"), policies: ["Service", "AdminRotate"] },
    "lifecycle-watch": { principal: role("lifecycle-watch"), policies: ["Service", "LifecycleWatch"] },
    "drift-watch": { principal: role("drift-watch"), policies: ["Service", "DriftWatch"] },
  };
  /** What each function writes within its transactions: action, table, row. */
  const written: readonly (readonly [string, string, string, string])[] = [
    ["attest", "PutItem", "Markers", "m"],
    ["attest", "PutItem", "Outbox", "e"],
    ["attest-iam", "PutItem", "Markers", "m"],
    ["attest-iam", "PutItem", "Outbox", "e"],
    ["token", "PutItem", "Sessions", "root"],
    ["token", "UpdateItem", "Sessions", "root"],
    ["token", "ConditionCheckItem", "Tombstones", "offer#x"],
    ["token", "PutItem", "Subjects", "agent:x#1"],
    ["token", "PutItem", "Markers", "m"],
    ["token", "PutItem", "Counters", "uses#x"],
    ["token", "PutItem", "Approvals", "approval#x"],
    ["token", "PutItem", "Outbox", "e"],
    ["decide", "PutItem", "Markers", "m"],
    ...["decide", "decide-iam"].flatMap((who): [string, string, string, string][] => [
      [who, "PutItem", "Changes", "change#x"],
      [who, "UpdateItem", "Counters", "uses#x"],
      [who, "PutItem", "Budgets", "report#x"],
      [who, "UpdateItem", "Budgets", "b#agent/x#2026-12-01"],
      [who, "PutItem", "Outbox", "e"],
    ]),
    ["approve", "PutItem", "Decisions", "ap_x"],
    ["approve", "PutItem", "Outbox", "e"],
    ["approve-token", "PutItem", "Decisions", "ap_x"],
    ["approve-token", "PutItem", "Markers", "m"],
    ["approve-token", "PutItem", "Outbox", "e"],
    ["signals", "PutItem", "Markers", "m"],
    ["signals", "PutItem", "Outbox", "e"],
    ["introspect", "PutItem", "Markers", "m"],
    ["introspect", "UpdateItem", "Counters", "uses#x"],
    ["introspect", "PutItem", "Budgets", "report#x"],
    ["introspect", "UpdateItem", "Budgets", "b#agent/x#2026-12-01"],
    ["introspect", "PutItem", "Outbox", "e"],
    ["credentials", "UpdateItem", "Vends", "root"],
    ["credentials", "PutItem", "Markers", "m"],
    ["credentials", "PutItem", "Outbox", "e"],
    ["revoke", "PutItem", "Markers", "m"],
    ["revoke", "PutItem", "Tombstones", "x"],
    ["revoke", "ConditionCheckItem", "Sessions", "root"],
    ["revoke", "PutItem", "Outbox", "e"],
    ["admin-revoke", "PutItem", "Tombstones", "x"],
    ["admin-revoke", "UpdateItem", "Revocations", "standing#agent:x"],
    ["admin-revoke", "UpdateItem", "Revocations", "deployment#3"],
    ["admin-revoke", "PutItem", "Revocations", "burnt#x"],
    ["admin-revoke", "PutItem", "Outbox", "e"],
    ["admin-write", "UpdateItem", "Revocations", "deployment#3"],
    ["token", "PutItem", "People", "p_x"],
    ["admin-revoke", "DeleteItem", "People", "p_x"],
    ["token", "PutItem", "Confirmations", "p_x"],
    ["admin-revoke", "PutItem", "Confirmations", "p_x"],
    ["admin-write", "PutItem", "Outbox", "e"],
    ["rotator", "PutItem", "Keyring", "session"],
    ["rotator", "PutItem", "Outbox", "e"],
    ["admin-rotate", "PutItem", "Orders", "session"],
    ["admin-rotate", "PutItem", "Outbox", "e"],
    ["lifecycle-watch", "PutItem", "Traces", "trace"],
    ["lifecycle-watch", "PutItem", "Outbox", "e"],
    ["drift-watch", "PutItem", "Traces", "deployed"],
    ["drift-watch", "PutItem", "Outbox", "e"],
  ];
  const calling = (who: string, action: string, on: string, row: string | undefined): Call => ({
    ...(named[who] as Pick<Call, "principal" | "policies">),
    action: `dynamodb:${action}`,
    resource: table(on),
    context: { ...transaction, ...(row === undefined ? {} : rowOf(row)) },
  });

  test.each(written)("%s: %s on %s goes through, whether AWS names its row %s or not", async (who, action, on, row) => {
    expect(await outcome(calling(who, action, on, row))).toBe("Allowed");
    expect(await outcome(calling(who, action, on, undefined))).toBe("Allowed");
  });

  test.each([
    ["introspect", "UpdateItem", "Counters", "rate#x#1"],
    ["token", "PutItem", "Counters", "rate#x#1"],
    ["admin-write", "UpdateItem", "Revocations", "standing#agent:x"],
    ["rotator", "PutItem", "Keyring", "other"],
    ["lifecycle-watch", "PutItem", "Traces", "deployed"],
    ["drift-watch", "PutItem", "Traces", "trace"],
  ])("%s: %s on %s is stopped at row %s where AWS names it", async (who, action, on, row) => {
    expect(await outcome(calling(who, action, on, row))).toBe("ImplicitlyDenied");
  });

  test("the table is the wall where the loss would matter: no other table can be written, whatever AWS names", async () => {
    const tables = Object.keys(templates.State.Resources)
      .flatMap((id) => /^Tables([A-Za-z]+?)[0-9A-F]{8}$/.exec(id)?.[1] ?? [])
      .sort();
    expect(tables).toContain("Tombstones");
    for (const who of Object.keys(named)) {
      const own = new Set(written.filter(([name]) => name === who).map(([, action, on]) => `${action} ${on}`));
      for (const on of tables)
        for (const action of ["PutItem", "UpdateItem", "DeleteItem"])
          if (!own.has(`${action} ${on}`) && !more.has(`${who} ${action} ${on}`))
            expect([who, action, on, await outcome(calling(who, action, on, undefined))]).toEqual([
              who,
              action,
              on,
              "ImplicitlyDenied",
            ]);
    }
  });
});

describe("threat 11: signatures", () => {
  const policyOf = (name: string) =>
    resolved(templates, "State", one(templates.State, "AWS::KMS::Key", `Keys${name}`).Properties.KeyPolicy);
  const digest = { "kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256" };
  const sign = (
    who: Pick<Call, "principal" | "policies">,
    name: string,
    context: Record<string, string> = digest,
  ): Call => ({
    ...who,
    action: "kms:Sign",
    resource: key(name),
    context: { "aws:PrincipalArn": who.principal, ...context },
    resourcePolicy: policyOf(name),
  });

  test.each<[string, Call, string]>([
    ["token signs a digest with the session key", sign(token, "Session"), "Allowed"],
    ["token signs a raw message", sign(token, "Session", { ...digest, "kms:MessageType": "RAW" }), "ExplicitlyDenied"],
    ["token signs with the identity key", sign(token, "Identity"), "ExplicitlyDenied"],
    ["token signs with the status key", sign(token, "Status"), "ExplicitlyDenied"],
    ["discovery signs with the status key", sign(discovery, "Status"), "ExplicitlyDenied"],
    ["admin-revoke signs with the session key", sign(admin, "Session"), "ExplicitlyDenied"],
    ["an administrator signs with the session key", sign(person, "Session"), "ExplicitlyDenied"],
    [
      "the account's root signs with the session key",
      sign({ principal: root, policies: "administrator" }, "Session"),
      "ExplicitlyDenied",
    ],
    [
      "the account's root signs with the identity key",
      sign({ principal: root, policies: "administrator" }, "Identity"),
      "ExplicitlyDenied",
    ],
  ])("%s", async (_, call, expected) => {
    expect(await outcome(call)).toBe(expected);
  });

  test("an administrator may still describe the key, so that it is not lost", async () => {
    const call = { ...sign(person, "Session"), action: "kms:DescribeKey" };
    expect(await outcome(call)).toBe("Allowed");
  });
});

describe("threat 23: the trail", () => {
  const busPolicy = {
    Version: "2012-10-17",
    Statement: ["OnlyTheRelayPuts", "TheSealerPutsCheckpoints"].map((sid) => {
      const { Properties } = one(templates.Audit, "AWS::Events::EventBusPolicy", sid);
      return (resolved(templates, "Audit", Properties) as { Statement: object }).Statement;
    }),
  };
  const bucketPolicy = resolved(
    templates,
    "State",
    one(templates.State, "AWS::S3::BucketPolicy").Properties.PolicyDocument,
  );
  const relay = { principal: role("lanyard-dev-eu-west-1-relay"), policies: ["Audit", "Relay"] } as const;
  const firehose = {
    principal: role("lanyard-dev-eu-west-1-firehose"),
    policies: ["Audit", "DeliveryFirehose"],
  } as const;
  const object = `arn:aws:s3:::${idOf("AuditBucket").toLowerCase()}/audit/dt=2026-11-23/one.gz`;
  const logObject = object.replace(/audit\/.*/, "log/tile/0/000");
  const sealer = { principal: role("lanyard-dev-eu-west-1-sealer"), policies: ["Audit", "Sealer"] } as const;
  const secure = { "aws:SecureTransport": "true", "s3:TlsVersion": "1.3" };

  const put = (who: Pick<Call, "principal" | "policies">): Call => ({
    ...who,
    action: "events:PutEvents",
    resource: bus,
    context: { "aws:PrincipalArn": who.principal },
    resourcePolicy: busPolicy,
  });
  const typed = (who: Pick<Call, "principal" | "policies">, type: string): Call => {
    const call = put(who);
    return { ...call, context: { ...call.context, "events:detail-type": [type] } };
  };
  const onObject = (
    who: Pick<Call, "principal" | "policies">,
    action: string,
    { on = object, context = {} }: { on?: string; context?: Record<string, string> } = {},
  ): Call => ({
    ...who,
    action,
    resource: on,
    context: { "aws:PrincipalArn": who.principal, ...secure, ...context },
    resourcePolicy: bucketPolicy,
  });

  const tile = (who: Pick<Call, "principal" | "policies">) =>
    onObject(who, "s3:PutObject", { on: logObject, context: { "s3:if-none-match": "*" } });

  test.each<[string, Call, string]>([
    ["the relay puts events", put(relay), "Allowed"],
    ["an administrator puts a forged record on the bus", put(person), "ExplicitlyDenied"],
    ["Firehose writes an object", onObject(firehose, "s3:PutObject"), "Allowed"],
    ["an administrator writes an object", onObject(person, "s3:PutObject"), "ExplicitlyDenied"],
    ["Firehose deletes an object", onObject(firehose, "s3:DeleteObject"), "ExplicitlyDenied"],
    ["an administrator deletes a version", onObject(person, "s3:DeleteObjectVersion"), "ExplicitlyDenied"],
    ["an administrator touches a retention", onObject(person, "s3:PutObjectRetention"), "ExplicitlyDenied"],
    ["the sealer puts a checkpoint", typed(sealer, "Lanyard Checkpoint"), "Allowed"],
    ["the sealer puts a record", typed(sealer, "Authorize Session"), "ExplicitlyDenied"],
    ["the sealer writes a tile that is not there", tile(sealer), "Allowed"],
    ["the sealer overwrites a tile", onObject(sealer, "s3:PutObject", { on: logObject }), "ExplicitlyDenied"],
    ["the sealer writes a record", onObject(sealer, "s3:PutObject"), "ExplicitlyDenied"],
    ["an administrator writes a tile", tile(person), "ExplicitlyDenied"],
    ["Firehose writes a tile", tile(firehose), "ExplicitlyDenied"],
    ["an administrator tags a tile", onObject(person, "s3:PutObjectTagging", { on: logObject }), "ExplicitlyDenied"],
    ["an administrator reads an object", onObject(person, "s3:GetObject"), "Allowed"],
  ])("%s", async (_, call, expected) => {
    expect(await outcome(call)).toBe(expected);
  });
});
