import { describe, expect, test } from "vitest";
import { changed, messages, plus, setUp, tickets } from "./ground.ts";

setUp();

const account = "111122223333";
const arn = `arn:aws:iam::${account}:role/lanyard/target/ticket-files`;
const key = `arn:aws:kms:eu-west-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/tickets`;
const byCustomer = { type: "ticket-customers", field: "customers" };
const s3 = (more: object = {}) => ({
  scope: "tickets:read",
  service: "s3",
  actions: ["s3:GetObject", "s3:ListBucket"],
  where: { bucket: "support-desk-tickets", prefix: "customers/" },
  details: [{ ...byCustomer, as: "folder" }],
  kmsKeys: [key],
  ...more,
});
const items = (more: object = {}) => ({
  scope: "tickets:write",
  service: "dynamodb",
  actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"],
  where: { table, prefix: "CUSTOMER#" },
  details: [byCustomer],
  ...more,
});
const role = (more: object = {}) => ({
  kind: "aws-role",
  name: "ticket-files",
  arn,
  agents: ["planner", "researcher"],
  resource: tickets,
  grants: [s3(), items()],
  ...more,
});
const customers = "https://customers.support-desk.example";
const told = (more: object) => messages(plus(role(more)));
const granted = (grant: object) => told({ agents: ["planner"], grants: [grant] });

describe("an AWS role", () => {
  test("is registered with what each scope gives, for agents that may hold one of them", () => {
    expect(told({})).toEqual([]);
    expect(granted(s3({ where: { bucket: "b-1" }, details: [], actions: ["s3:PutObject"] }))).toEqual([]);
  });

  test.each([
    ["another partition's table", items({ where: { table: table.replace("aws", "aws-cn") } }), "where.table"],
    ["another partition's key", s3({ kmsKeys: [key.replace("aws", "aws-us-gov")] }), "kmsKeys.0"],
    [
      "a key of another Region than the table's",
      items({ kmsKeys: [key.replace("eu-west-1", "us-east-1")] }),
      "kmsKeys.0",
    ],
    ["a scope of another resource", s3({ scope: "customers:read" }), "scope"],
    [
      "a details type of another resource",
      s3({ details: [{ type: "customer-record", field: "customers" }] }),
      "details.0.type",
    ],
    ["a details type that is not there", s3({ details: [{ type: "nothing", field: "customers" }] }), "details.0.type"],
    [
      "a field that is not there",
      s3({ details: [{ type: "ticket-customers", field: "toString" }] }),
      "details.0.field",
    ],
    ["a listing of single keys", s3({ details: [byCustomer] }), "details.0"],
    ["a listing of the whole bucket", s3({ where: { bucket: "b-1" }, details: [] }), "actions"],
    ["an action twice", items({ actions: ["dynamodb:GetItem", "dynamodb:GetItem"] }), "actions.1"],
    ["one field twice", items({ details: [byCustomer, byCustomer] }), "details.1"],
  ])("is refused with %s", (_, grant, path) => {
    expect(granted(grant).map((line) => line.split(": ")[0])).toContain(`grants.0.${path}`);
  });

  test.each([
    ["an action that no key bounds", items({ actions: ["dynamodb:Scan"] })],
    ["PartiQL", items({ actions: ["dynamodb:PartiQLSelect"] })],
    ["an action that gives rights away", s3({ actions: ["s3:PutObjectAcl"] })],
    ["a wildcard as action", s3({ actions: ["s3:*"] })],
    ["another service's action", s3({ actions: ["dynamodb:GetItem"] })],
    ["another service", s3({ service: "sqs" })],
    ["an index", items({ where: { table: `${table}/index/by-owner` } })],
    ["every table", items({ where: { table: table.replace("tickets", "*") } })],
    ["a bucket by pattern", s3({ where: { bucket: "support-*" } })],
    ["a bucket by ARN", s3({ where: { bucket: "arn:aws:s3:::b-1" } })],
    ["a prefix that is no folder", s3({ where: { bucket: "b-1", prefix: "customers" } })],
    ["a prefix of nothing but a slash", s3({ where: { bucket: "b-1", prefix: "/" } })],
    ["a prefix that IAM does not take", items({ where: { table, prefix: "Kunde→" } })],
    ["a key by its alias", s3({ kmsKeys: [`arn:aws:kms:eu-west-1:${account}:alias/data`] })],
    ["folders in a table", items({ details: [{ ...byCustomer, as: "folder" }] })],
  ])("threat 19: is refused with %s", (_, grant) => {
    expect(granted(grant)).not.toEqual([]);
  });

  test.each(["arn:aws:iam::111122223333:role/a*", "arn:aws:iam::111122223333:user/a", "ticket-files", `${arn}/`])(
    "is a role by its ARN and not %s",
    (other) => expect(told({ arn: other })).toEqual(["arn: write the role's ARN, path included"]),
  );

  test.each([
    "OrganizationAccountAccessRole",
    "lanyard/ticket-files",
    "lanyard/targets/a",
    "x/lanyard/target/a",
    "x:role/lanyard/target/a",
  ])("threat 10: is a role that was made for sessions, and not role/%s, whoever that trusts", (name) =>
    expect(told({ arn: `arn:aws:iam::${account}:role/${name}` })).toEqual([
      "arn: is not below /lanyard/target/, and the deployment may assume no other role",
    ]),
  );

  test("is for agents and a resource that are registered", () => {
    expect(told({ agents: ["nobody"] })).toEqual(["agents.0: no agent is named nobody"]);
    expect(told({ agents: ["planner", "planner"] })).toEqual(["agents.1: planner is listed twice"]);
    expect(told({ agents: ["customer-api"] })).toEqual([
      "agents.0: agent customer-api may hold none of the scopes that this role gives for",
    ]);
    expect(told({ resource: "https://unknown.example" })).toContain(
      "resource: no resource has the uri https://unknown.example",
    );
  });

  test("maps what a session cannot be without, and by rules that a policy can say", () => {
    const type = (more: Record<string, unknown>) => changed("ticket-customers", more);
    const withRole = (rows: readonly unknown[], grant: object) =>
      messages([...rows, role({ agents: ["planner"], grants: [grant] })]);
    const required = type({ requiredFor: ["tickets:read"] });
    expect(withRole(required, s3({ details: [] }))).toEqual([
      "grants.0.details: tickets:read is granted only with ticket-customers, which nothing here maps",
    ]);
    expect(withRole(required, s3())).toEqual([]);
    const excluding = type({ rules: { customers: "not" } });
    expect(withRole(excluding, s3()).some((line) => line.startsWith("grants.0.details.0.field: rule not cannot"))).toBe(
      true,
    );
  });
});

describe("threat 10: a role that an agent may take by itself", () => {
  const own = (more: object = {}) => role({ exclusive: true, agents: ["planner"], ...more });
  const shared = "arn: is the role of aws-role ticket-files too, and one of the two says that it is exclusive";

  test("is one agent's", () => {
    expect(messages(plus(own()))).toEqual([]);
    expect(told({ exclusive: true })).toContain("exclusive: a role that an agent takes by itself is that one agent's");
  });

  test("is registered for nothing else, whoever has that and however the name is spelled", () => {
    const other = (more: object) => messages(plus(own(), role({ name: "again", agents: ["planner"], ...more })));
    expect(other({})).toContain(shared);
    expect(other({ agents: ["researcher"] })).toContain(shared);
    expect(other({ exclusive: true })).toContain(shared);
    expect(other({ arn: arn.replace("ticket-files", "deeper/Ticket-Files") })).toContain(shared);
    const grants = [s3({ scope: "customers:read", details: [] })];
    expect(other({ resource: customers, grants, agents: ["customer-api"] })).toContain(shared);
    expect(messages(plus(role({ agents: ["planner"] }), own({ name: "again" })))).toContain(shared);
    expect(other({ arn: arn.replace(account, "444455556666") })).toEqual([]);
    expect(other({ arn: `${arn}-2` })).toEqual([]);
  });

  test("gives nothing that its agent may not hold, since no session's policy narrows it", () => {
    expect(told({ exclusive: true, agents: ["researcher"] })).toEqual([
      "grants.1.scope: agent researcher may not hold tickets:write, and would get it with the whole role",
    ]);
  });

  test("gives for no scope that is granted only with a detail", () => {
    const required = changed("ticket-customers", { requiredFor: ["tickets:read"] });
    expect(messages([...required, own()])).toEqual([
      "exclusive: tickets:read is granted only with ticket-customers, which bounds nobody who has the whole role",
    ]);
  });

  test.each(["a,b", "a".repeat(64).concat("/").repeat(5).concat("a")])(
    "has a name that fits the tag which binds a token to it, and not %s",
    (name) =>
      expect(told({ exclusive: true, agents: ["planner"], arn: arn.replace("ticket-files", name) })).toEqual([
        "arn: does not fit a session tag (256 letters, digits and _.:/=+-@), which an exclusive role needs",
      ]),
  );

  test("is asked for by a word that says nothing else", () => {
    for (const exclusive of [false, "true", 1]) expect(told({ exclusive })).not.toEqual([]);
  });
});

test("threat 10: no resource has the audience by which AWS takes tokens", () => {
  const uri = (other: string) =>
    messages(plus({ kind: "resource", name: "aws", uri: other, servedBy: "customer-api", scopes: ["a"] }));
  expect(uri("sts.amazonaws.com")).not.toEqual([]);
});
