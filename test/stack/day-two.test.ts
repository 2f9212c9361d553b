/** Destroying, adopting again, restoring, and releases that drop a reference: what the templates must hold for each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { afterAll, describe, expect, test } from "vitest";
import { deployment } from "../../lib/deployment.ts";
import { type KeptExport, keepExports } from "../../lib/kept-exports.ts";
import { stageOf } from "../../lib/settings/stage.ts";
import type { StateStack } from "../../lib/state/state-stack.ts";
import { adopt, mappingOf } from "../../scripts/adopt.ts";
import { resolvedPolicy, restore } from "../../scripts/restore.ts";
import { account, all, bundles, one, region, synthesized, type Template } from "./synthesized.ts";

const { folder: assembly, templates } = synthesized();
const { State } = templates;
const folder = mkdtempSync(join(tmpdir(), "lanyard-day-two-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The outputs that the deployment before left: each output's own name stands for its value. */
const outputs = Object.fromEntries(Object.keys(State.Outputs).map((name) => [name, `old-${name}`]));
const outputsFile = join(folder, "outputs.json");
writeFileSync(outputsFile, JSON.stringify({ "lanyard-dev-state": outputs }));
const templateFile = join(assembly, "State.template.json");
const outlives = ({ DeletionPolicy }: { DeletionPolicy?: string }) => DeletionPolicy !== undefined;

function called(command: typeof adopt, ...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = command(
    args,
    (line) => void out.push(line),
    (line) => void err.push(line),
  );
  return { code, out, err: err.join() };
}

describe("what outlives its stack", () => {
  test("is all of State, so that destroying it loses no row, key or record, nor what guards the records", () => {
    expect(
      Object.entries(State.Resources)
        .filter(([, it]) => !outlives(it))
        .map(([id]) => id),
    ).toEqual([]);
    for (const it of Object.values(State.Resources)) expect(it.DeletionPolicy).toMatch(/^Retain/);
  });

  test("is of Audit and Service nothing", () => {
    for (const stack of ["Audit", "Service"] as const)
      for (const [id, it] of Object.entries(templates[stack].Resources))
        expect([id, it.DeletionPolicy]).not.toContain("Retain");
  });

  test("answers nobody: no public URL is left behind with the permissions by which anybody calls it", () => {
    const text = (value: unknown) => JSON.stringify(value);
    const open = all(templates, "AWS::Lambda::Url").filter(({ it }) => it.Properties.AuthType === "NONE");
    expect(open).toHaveLength(9);
    for (const { stack, it } of open) {
      const id = (it.Properties.TargetFunctionArn as { "Fn::GetAtt": [string, string] })["Fn::GetAtt"][0];
      const own = all({ ...templates }, "AWS::Lambda::Permission").filter(
        (permission) => permission.stack === stack && text(permission.it.Properties.FunctionName).includes(id),
      );
      expect(own).toHaveLength(2);
      // gone with the stack, or the function is, and its URL with it
      const functionGoes = !/^Retain/.test(templates[stack].Resources[id]?.DeletionPolicy ?? "Delete");
      for (const permission of own)
        expect(functionGoes || !/^Retain/.test(permission.it.DeletionPolicy ?? "Delete")).toBe(true);
    }
    // the issuer's name is kept all the same: a URL that is deleted can never be had again
    expect(one(templates.Issuer, "AWS::Lambda::Url").DeletionPolicy).toBe("RetainExceptOnCreate");
  });
});

describe("adopting what a destroyed deployment left", () => {
  const mapping = mappingOf(State, outputs);

  test("names every table, every key and the bucket by what CloudFormation imports it by", () => {
    const adopted = Object.entries(State.Resources).filter(([, { Type }]) => Type !== "AWS::S3::BucketPolicy");
    expect(Object.keys(mapping).sort()).toEqual(adopted.map(([id]) => id).sort());
    const by = { "AWS::DynamoDB::GlobalTable": "TableName", "AWS::KMS::Key": "KeyId", "AWS::S3::Bucket": "BucketName" };
    for (const [id, { Type }] of adopted) expect(Object.keys(mapping[id] ?? {})).toEqual([by[Type as keyof typeof by]]);
    const values = Object.values(mapping).flatMap((one) => Object.values(one));
    expect(new Set(values).size).toBe(values.length);
  });

  test("gives each the name that the old deployment said of it, and of no other", () => {
    const named = (prefix: string) => Object.entries(mapping).find(([id]) => id.startsWith(prefix))?.[1];
    expect(named("TablesKeyring")).toEqual({ TableName: "old-KeyringTable" });
    expect(named("KeysSession")).toEqual({ KeyId: "old-SessionKeyId" });
    expect(named("KeysEcSession")).toEqual({ KeyId: "old-EcSessionKeyId" });
    expect(named("AuditBucket")).toEqual({ BucketName: "old-AuditBucketName" });
  });

  test("submits a template that stands by itself: what is imported refers to nothing that is not", () => {
    const imported = new Set(Object.keys(mapping));
    for (const id of imported) {
      const { DependsOn = [], ...it } = State.Resources[id] ?? { Type: "" };
      const text = JSON.stringify(it);
      const refs = [...text.matchAll(/"Ref":"([^"]+)"/g), ...text.matchAll(/"Fn::GetAtt":\["([^"]+)"/g)].map(
        ([, name = ""]) => name,
      );
      for (const name of [...refs.filter((ref) => !ref.startsWith("AWS::")), ...[DependsOn].flat()])
        expect(imported).toContain(name);
      expect(text).not.toContain("Fn::ImportValue");
      // without one, CloudFormation imports nothing
      expect(State.Resources[id]?.DeletionPolicy).toMatch(/^Retain/);
    }
  });

  test("fails with the names of what the outputs do not tell, and writes nothing", () => {
    const { KeyringTable: _, LogKeyId: __, ...less } = outputs;
    expect(() => mappingOf(State, less)).toThrow(/TablesKeyring.*|KeysLog/);
    writeFileSync(join(folder, "less.json"), JSON.stringify({ "lanyard-dev-state": less }));
    const to = join(folder, "none.json");
    const ended = called(
      adopt,
      "--stage",
      "dev",
      "--outputs",
      join(folder, "less.json"),
      "--template",
      templateFile,
      "--to",
      to,
    );
    expect([ended.code, ended.err]).toEqual([1, expect.stringContaining("KeyringTable")]);
    expect(() => readFileSync(to)).toThrow();
  });

  test("is written as cdk import reads it", () => {
    const to = join(folder, "adopt.json");
    expect(called(adopt, "--stage", "dev", "--outputs", outputsFile, "--template", templateFile, "--to", to).code).toBe(
      0,
    );
    expect(JSON.parse(readFileSync(to, "utf8"))).toEqual(mapping);
    expect(called(adopt, "--stage", "prod", "--outputs", outputsFile, "--template", templateFile).code).toBe(1);
    expect(called(adopt, "--outputs", outputsFile).code).toBe(2);
    expect(called(adopt, "--stag", "dev").code).toBe(2);
  });
});

describe("restoring a table from a point in time", () => {
  const sourceArn = `arn:aws:dynamodb:${region}:${account}:table/lost`;
  const tables = all(templates, "AWS::DynamoDB::GlobalTable");
  const plan = (name: string, ...more: string[]) => {
    const policy = join(folder, `${name}.json`);
    const args = [
      "--stage",
      "dev",
      "--outputs",
      outputsFile,
      "--template",
      templateFile,
      "--table",
      name,
      "--source-arn",
      sourceArn,
    ];
    return { policy, ...called(restore, ...args, "--policy-file", policy, ...more) };
  };
  const names = tables.map(({ id }) => id.slice("Tables".length, -8));

  test.each(names)("%s: brings all that its template asks for and a restore does not", (name) => {
    const { out, code, policy } = plan(name, "--at", "2026-12-01T10:00:00Z");
    const calls = out.join("\n");
    expect(code).toBe(0);
    expect(out[0]).toContain(`--target-table-name old-${name}Table --restore-date-time 2026-12-01T10:00:00Z`);
    expect(out[0]).toContain("KMSMasterKeyId=old-DataKeyId");
    const { Properties } = tables.find(({ id }) => id.startsWith(`Tables${name}`))?.it ?? { Properties: {} };
    const text = JSON.stringify(Properties);
    const asked: [string, string][] = [
      ['"TimeToLiveSpecification"', "update-time-to-live"],
      ['"StreamViewType"', "--stream-specification"],
      ['"ResourcePolicy"', "put-resource-policy"],
      ['"DeletionProtectionEnabled":true', "--deletion-protection-enabled"],
      ['"PointInTimeRecoveryEnabled":true', "PointInTimeRecoveryEnabled=true"],
    ];
    for (const [property, call] of asked) expect([call, calls.includes(call)]).toEqual([call, text.includes(property)]);
    // the policy before the rest: until then every role that may write a table of the account may write this one
    if (text.includes('"ResourcePolicy"')) {
      expect(out[2]).toContain("put-resource-policy");
      const written = readFileSync(policy, "utf8");
      expect(written).toContain(`arn:aws:iam::${account}:role/lanyard-dev-${region}-`);
      expect(written).not.toMatch(/Fn::|"Ref"/);
    }
  });

  test("knows every property of a table: one that is new here must find its place in the plan", () => {
    const known = [
      "AttributeDefinitions",
      "BillingMode",
      // a restored table has the indexes of its source
      "GlobalSecondaryIndexes",
      "KeySchema",
      "Replicas",
      "SSESpecification",
      "StreamSpecification",
      "TimeToLiveSpecification",
    ];
    const ofReplica = [
      "DeletionProtectionEnabled",
      "GlobalSecondaryIndexes",
      "PointInTimeRecoverySpecification",
      "Region",
      "ResourcePolicy",
      "SSESpecification",
      "Tags",
    ];
    for (const { it } of tables) {
      expect(Object.keys(it.Properties).filter((name) => !known.includes(name))).toEqual([]);
      const [replica = {}] = it.Properties.Replicas as object[];
      expect(Object.keys(replica).filter((name) => !ofReplica.includes(name))).toEqual([]);
    }
  });

  test("is refused for a table there is not, a time that is none, and a policy it cannot read in full", () => {
    expect(plan("Nothing").code).toBe(1);
    expect(plan("Sessions", "--at", "yesterday").code).toBe(1);
    expect(called(restore, "--stage", "dev").code).toBe(2);
    expect(() => resolvedPolicy({ Resource: { "Fn::GetAtt": ["X", "Arn"] } }, sourceArn)).toThrow(
      "only CloudFormation",
    );
  });
});

describe("a release that drops a reference across stacks", () => {
  const exportsOf = ({ Outputs }: Template) =>
    Object.fromEntries(
      Object.values(Outputs).flatMap(({ Export, Value }) => (Export ? [[Export.Name, JSON.stringify(Value)]] : [])),
    );
  /** State of a release of which no other stack reads anything, with these lines in lib/kept-exports.ts. */
  function alone(kept: readonly KeptExport[]): Record<string, string> {
    const outdir = mkdtempSync(join(folder, "alone-"));
    const app = new App({ outdir });
    const { state, audit, issuer, service } = deployment(app, { stage: stageOf("dev", {}), dist: bundles });
    for (const { node } of [audit, issuer, service]) app.node.tryRemoveChild(node.id);
    keepExports({ state }, kept);
    app.synth();
    return exportsOf(JSON.parse(readFileSync(join(outdir, "State.template.json"), "utf8")) as Template);
  }
  const keep = (value: (state: StateStack) => string | undefined): KeptExport => ({
    since: "0.2.0",
    of: ({ state }) => ({ stack: state, value: value(state) ?? "" }),
  });

  test("would fail the deployment by itself: the export is gone while the deployed release still imports it", () => {
    expect(Object.keys(exportsOf(State)).length).toBeGreaterThan(10);
    expect(alone([])).toEqual({});
  });

  test.each<[string, KeptExport]>([
    ["a table's ARN", keep((state) => state.tables.table.keyring.tableArn)],
    ["a table's name", keep((state) => state.tables.table.sessions.tableName)],
    ["a stream", keep((state) => state.tables.table.outbox.tableStreamArn)],
    ["a key", keep((state) => state.keys.session.keyArn)],
    ["the bucket", keep((state) => state.auditBucket.bucketArn)],
  ])("keeps %s exported by one line, under the name and with the value that the release before imports", (_, line) => {
    const kept = alone([line]);
    expect(Object.keys(kept)).toHaveLength(1);
    expect(exportsOf(State)).toMatchObject(kept);
  });
});
