import { describe, expect, test } from "vitest";
import { lanyardFacts } from "../../../core/audit/columns.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";
import { ownValues } from "../../../core/audit/redact.ts";
import { athenaText, savedQueries, savedQuestions } from "../../../core/lineage/athena.ts";
import { hiveOf } from "../../lineage/lake/hive.ts";
import { cloudTrail, gluedTables } from "../../lineage/lake/lake.ts";
import { account, all, one, region, synthesized } from "../synthesized.ts";
import { read } from "./ground.ts";

/** Everything that a record can say. */
const everyFact: Required<Omit<AuditFacts, "personKey">> = {
  operation: "token.access",
  outcome: "denied",
  timeMillis: 1,
  requestId: "r",
  sourceIp: "192.0.2.1",
  userAgent: "u",
  canary: true,
  quarantine: true,
  agent: "spiffe://td/agent/a",
  owner: "spiffe://td/agent/b",
  operator: { arn: "arn:aws:sts::111122223333:assumed-role/O/me", uniqueId: "AROA1:me" },
  principal: "p_ada",
  approver: { person: "p_ada", proof: "token", client: "c" },
  actors: ["spiffe://td/agent/a"],
  logins: ["l"],
  session: { sid: "s", root: "r", parent: "p", anc: ["x"], depth: 3 },
  receiver: "r",
  revocation: "r",
  offeredTo: "spiffe://td/agent/b",
  grants: [{ resource: "https://r.example", scopes: ["a"], details: [] }],
  requested: { resources: ["https://r.example"], scopes: ["a"] },
  expiresAtSeconds: 1,
  jti: "j",
  tokenType: "DPoP",
  aws: {
    role: "r",
    roleArn: "arn",
    requestIds: ["r"],
    accessKeyId: "ASIA1",
    places: ["p"],
    policyDigest: "d",
    token: "t",
  },
  jkt: "k",
  assurance: "document",
  evidenceType: "e",
  evidence: { roleArn: "arn" },
  evidenceId: "e",
  keyReplaced: true,
  build: "b",
  checks: [{ name: "n", ok: false, detail: "d" }],
  registryVersion: 2,
  registryBase: 1,
  registryDigest: "x",
  registryRestored: 1,
  changes: { added: [], changed: [], removed: [] },
  policies: ["p"],
  asked: [],
  policyLogged: [],
  approval: { id: "x", requestHash: "x", group: "x", needed: 1, resources: ["x"], approvers: ["x"] },
  purpose: "p",
  decisions: [{ sid: "s", resource: "r", tool: "t", digest: "sha256:0", decision: false, code: "tool_unknown" }],
  denial: { code: "unknown_agent" } as never,
  target: "session:s",
  reason: "r",
  budgets: ["ledger#agent/x#2026-12-01"],
  cost: { minor: 1250, currency: "EUR" },
  costReport: "r",
  signal: { issuer: "https://idp.example", id: "i", event: "e" },
  count: 2,
};

const { templates } = synthesized({ cloudTrail });
const { Audit } = templates;
const tables = gluedTables();

describe("a stage without cloudTrail", () => {
  const none = synthesized({}).templates.Audit;
  const of = (pattern: RegExp) => Object.values(none.Resources).filter(({ Type }) => pattern.test(Type));

  test("has the audit's table alone, and every question of security's", () => {
    const inputs = of(/^AWS::Glue::Table$/).map(({ Properties }) => (Properties.TableInput as { Name: string }).Name);
    expect(inputs).toEqual(["audit"]);
    expect(of(/NamedQuery$/).map(({ Properties }) => Properties.QueryString)).toEqual(
      savedQuestions.map(({ sql }) => sql),
    );
  });

  test("has a policy for analysts that names nothing of CloudTrail", () => {
    const [policy] = of(/ManagedPolicy$/);
    expect(JSON.stringify(policy)).toContain(":table/lanyard_dev/audit");
    expect(JSON.stringify(policy)).not.toMatch(/cloudtrail|AWSLogs/);
  });

  test("has nothing of Glue and Athena where its lake is left out, which a trail's table is of", () => {
    const types = Object.values(synthesized({ lake: { enabled: false } }).templates.Audit.Resources).map(
      ({ Type }) => Type,
    );
    expect(types.filter((type) => /Glue|Athena|ManagedPolicy/.test(type))).toEqual([]);
    expect(() => synthesized({ lake: { enabled: false }, cloudTrail })).toThrow(/cloudTrail: its table is of the lake/);
  });
});

describe("the workgroup", () => {
  const { Properties } = one(Audit, "AWS::Athena::WorkGroup");

  test("is named by the stage, and lets no caller choose another place for results or a dearer query", () => {
    expect(Properties).toMatchObject({
      Name: "lanyard-dev",
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 100_000_000_000,
        ManagedQueryResultsConfiguration: { Enabled: true },
      },
    });
    expect(JSON.stringify(Properties)).not.toContain("OutputLocation");
  });

  test("has the queries of the trace, word by word, once the tables are there", () => {
    const named = all(templates, "AWS::Athena::NamedQuery");
    expect(named.map(({ it }) => it.Properties.QueryString)).toEqual(
      [...savedQuestions, ...savedQueries].map(({ sql }) => sql),
    );
    for (const { it } of named) {
      expect(it.Properties).toMatchObject({ WorkGroup: "lanyard-dev", Database: "lanyard_dev" });
      const { DependsOn = [] } = it;
      expect([DependsOn].flat().join(" ")).toMatch(/Tables.*Workgroup|Workgroup.*Tables/);
      expect(String(it.Properties.QueryString).length).toBeLessThan(262_144);
    }
  });
});

describe("the tables", () => {
  test("project their partitions from the names of the objects, so that nothing is crawled", () => {
    for (const { Parameters, PartitionKeys } of Object.values(tables)) {
      expect(Parameters["projection.enabled"]).toBe("true");
      for (const { Name } of PartitionKeys) {
        expect(Parameters[`projection.${Name}.type`]).toMatch(/^(date|enum)$/);
        expect(JSON.stringify(Parameters["storage.location.template"])).toContain(`\${${Name}}`);
      }
    }
    const { audit, cloudtrail } = tables;
    expect(audit?.Parameters).toMatchObject({
      "projection.dt.format": "yyyy-MM-dd",
      "projection.dt.range": "2026-01-01,NOW",
    });
    expect(cloudtrail?.Parameters).toMatchObject({
      "projection.dt.format": "yyyy/MM/dd",
      "projection.account.values": "111122223333,444455556666",
      "projection.region.values": "eu-west-1,us-east-1",
    });
  });

  test("lie where the delivery stream writes, and where CloudTrail does", () => {
    const { Prefix } = one(Audit, "AWS::KinesisFirehose::DeliveryStream").Properties
      .ExtendedS3DestinationConfiguration as { Prefix: string };
    const [folder] = Prefix.split("!{");
    expect(JSON.stringify(read(tables.audit?.Parameters["storage.location.template"]))).toMatch(
      new RegExp(`^"s3://[^/]+/${folder}\\$\\{dt\\}/"$`),
    );
    const trails: readonly (readonly [object, string])[] = [
      [{}, `s3://trail-of-all/AWSLogs/\${account}/CloudTrail/\${region}/\${dt}/`],
      [{ prefix: "a/b" }, `s3://trail-of-all/a/b/AWSLogs/\${account}/CloudTrail/\${region}/\${dt}/`],
      [
        { organization: "o-abcdefghij" },
        `s3://trail-of-all/AWSLogs/o-abcdefghij/\${account}/CloudTrail/\${region}/\${dt}/`,
      ],
    ];
    for (const [more, template] of trails) {
      const { cloudtrail } = gluedTables({ ...cloudTrail, ...more });
      expect(cloudtrail?.Parameters["storage.location.template"]).toBe(template);
      expect(template.startsWith(String(cloudtrail?.StorageDescriptor.Location))).toBe(true);
    }
  });

  test("are read by CloudTrail's own format, and by a reader that passes over what is no JSON", () => {
    expect(tables.cloudtrail?.StorageDescriptor).toMatchObject({
      InputFormat: "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
      SerdeInfo: { SerializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe" },
    });
    expect(tables.audit?.StorageDescriptor).toMatchObject({
      InputFormat: "org.apache.hadoop.mapred.TextInputFormat",
      SerdeInfo: {
        SerializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
        Parameters: { "ignore.malformed.json": "true" },
      },
    });
  });

  test("have what AWS's published table lacks: the source identity, and what credentials were issued to", () => {
    const identity = tables.cloudtrail?.StorageDescriptor.Columns.find(({ Name }) => Name === "useridentity")?.Type;
    expect(identity).toMatch(/sessioncontext:struct<.*sourceidentity:string>/);
    expect(identity).toMatch(/inscopeof:struct<issuertype:string,credentialsissuedto:string,/);
    expect(identity).toContain("invokedbydelegate:struct<accountid:string>");
  });

  test("have a column for every fact of ours", () => {
    const type = tables.audit?.StorageDescriptor.Columns.find(({ Name }) => Name === "unmapped")?.Type ?? "";
    const unmapped = hiveOf(type);
    const lanyard = unmapped.kind === "struct" ? unmapped.members[0]?.[1] : undefined;
    const known = lanyard?.kind === "struct" ? lanyard.members.map(([name]) => name) : [];
    // what is refused to the canary is not marked, so it takes two decisions to have every column
    const { owner: _, denial: __, ...usual } = everyFact;
    const columns = [
      ...new Set([everyFact, usual].flatMap((facts) => Object.keys(lanyardFacts(facts, ownValues(facts))))),
    ];
    expect(columns.length).toBeGreaterThan(45);
    expect(columns.filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !columns.includes(name))).toEqual([]);
  });
});

describe("the analyst's policy", () => {
  const { Properties } = one(Audit, "AWS::IAM::ManagedPolicy");
  const { Statement } = read(Properties.PolicyDocument) as {
    Statement: { Effect: string; Action: string | string[]; Resource: string | string[]; Condition?: object }[];
  };

  test("reads, and names what it reads: nothing of it writes, and nothing is every resource", () => {
    for (const { Effect, Action, Resource } of Statement) {
      expect(Effect).toBe("Allow");
      for (const action of [Action].flat())
        expect(action).toMatch(/^(athena:(Start|Stop|Get|List|BatchGet)|glue:Get|s3:(Get|List)|kms:Decrypt$)/);
      for (const resource of [Resource].flat()) expect(resource).not.toBe("*");
    }
    expect(Properties.ManagedPolicyName).toBe(`lanyard-dev-${region}-analyst`);
  });

  test("reaches this stage's workgroup and tables, both buckets below their prefixes, and keys through S3 alone", () => {
    const on = (action: string) =>
      Statement.filter((each) => [each.Action].flat().includes(action)).flatMap(({ Resource }) => Resource);
    expect(on("athena:StartQueryExecution")).toEqual([`arn:aws:athena:${region}:${account}:workgroup/lanyard-dev`]);
    expect(on("glue:GetTable")).toEqual(
      ["catalog", "database/lanyard_dev", "table/lanyard_dev/audit", "table/lanyard_dev/cloudtrail"].map(
        (path) => `arn:aws:glue:${region}:${account}:${path}`,
      ),
    );
    expect(on("s3:GetObject").sort()).toEqual([
      expect.stringMatching(/^arn:aws:s3:::auditbucket\w*\/audit\/\*$/),
      "arn:aws:s3:::trail-of-all/AWSLogs/*",
    ]);
    const [decrypt] = Statement.filter(({ Action }) => Action === "kms:Decrypt");
    expect(decrypt?.Condition).toEqual({ StringLike: { "kms:ViaService": "s3.*.amazonaws.com" } });
  });
});

describe("the setting", () => {
  test.each([
    [{ bucket: "Trail" }, /cloudTrail\.bucket/],
    [{ prefix: "/a" }, /cloudTrail\.prefix/],
    [{ organization: "o-1" }, /cloudTrail\.organization/],
    [{ accounts: [] }, /cloudTrail\.accounts/],
    [{ accounts: ["111122223333", "111122223333"] }, /named twice/],
    [{ regions: ["everywhere"] }, /cloudTrail\.regions/],
    [{ key: "alias/trail" }, /cloudTrail\.key/],
    [{ columns: 1 }, /no such setting/],
  ])("is refused where it cannot be: %j", (more, message) => {
    expect(() => synthesized({ cloudTrail: { ...cloudTrail, ...more } })).toThrow(message);
  });
});

test("a database's name takes no dash, and no two stages have one", () => {
  const made = synthesized({ cloudTrail }, { stage: "prod-eu" }).templates.Audit;
  expect(one(made, "AWS::Glue::Database").Properties.DatabaseInput).toMatchObject({ Name: "lanyard_prod_eu" });
  expect(athenaText({ table: "audit", sql: "SELECT 1" })).toContain("FROM audit");
});
