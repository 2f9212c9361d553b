/**
 * `npm run restore -- --table NAME --at TIME …`: prints the calls that bring a lost table back from a point in time, with
 * all that a restored table does not bring along. It makes none of them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { templateFile } from "./template-file.ts";

interface Table {
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean };
  readonly StreamSpecification?: { readonly StreamViewType: string };
  readonly SSESpecification?: object;
  readonly Replicas: readonly [
    {
      readonly ResourcePolicy?: { readonly PolicyDocument: unknown };
      readonly PointInTimeRecoverySpecification?: { readonly PointInTimeRecoveryEnabled: boolean };
      readonly DeletionProtectionEnabled?: boolean;
    },
  ];
}

/** What is to be restored, and under which names. */
interface RestoreWish {
  /** As the deployment calls it, which the stacks and every function go on using. */
  readonly tableName: string;
  /** ARN of the table that is gone; point-in-time backups outlive it for 35 days. */
  readonly sourceArn: string;
  /** ISO 8601, seconds; absent for the latest there is. */
  readonly at?: string;
  readonly dataKeyId: string;
  /** Where the table's policy stands. */
  readonly policyFile: string;
}

/**
 * The calls, in order. A restored table has the rows, keys and indexes of its source and nothing else: no TTL, no stream,
 * no policy, no recovery and no protection.
 * @param table its properties in the synthesized State stack
 */
function restorePlan(table: Table, { tableName, sourceArn, at, dataKeyId, policyFile }: RestoreWish): string[] {
  const [{ ResourcePolicy, PointInTimeRecoverySpecification: recovery, DeletionProtectionEnabled }] = table.Replicas;
  const { TimeToLiveSpecification: ttl, StreamSpecification: stream } = table;
  const when = at === undefined ? "--use-latest-restorable-time" : `--restore-date-time ${at}`;
  const dynamodb = (call: string) => `aws dynamodb ${call} --table-name ${tableName}`;
  return [
    `aws dynamodb restore-table-to-point-in-time --source-table-arn ${sourceArn} --target-table-name ${tableName} ${when} --billing-mode-override PAY_PER_REQUEST --sse-specification-override Enabled=true,SSEType=KMS,KMSMasterKeyId=${dataKeyId}`,
    `aws dynamodb wait table-exists --table-name ${tableName}`,
    // before anybody writes: a table without its policy takes a row from every role of the account that may write tables
    ...(ResourcePolicy
      ? [
          `aws dynamodb put-resource-policy --resource-arn ${sourceArn.replace(/table\/.*$/, `table/${tableName}`)} --policy file://${policyFile}`,
        ]
      : []),
    ...(DeletionProtectionEnabled ? [`${dynamodb("update-table")} --deletion-protection-enabled`] : []),
    ...(recovery?.PointInTimeRecoveryEnabled
      ? [
          `${dynamodb("update-continuous-backups")} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
        ]
      : []),
    ...(ttl?.Enabled
      ? [
          `${dynamodb("update-time-to-live")} --time-to-live-specification Enabled=true,AttributeName=${ttl.AttributeName}`,
        ]
      : []),
    ...(stream
      ? [
          `${dynamodb("update-table")} --stream-specification StreamEnabled=true,StreamViewType=${stream.StreamViewType}`,
        ]
      : []),
  ];
}

/** A policy of the template as DynamoDB takes it: the template leaves partition, Region and account to CloudFormation. */
export function resolvedPolicy(value: unknown, arn: string): unknown {
  const [, partition, , region, account] = arn.split(":");
  const known: Record<string, unknown> = {
    "AWS::Partition": partition,
    "AWS::Region": region,
    "AWS::AccountId": account,
  };
  const into = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(into);
    if (one === null || typeof one !== "object") return one;
    const [[name, inner] = ["", undefined], ...more] = Object.entries(one);
    if (more.length === 0 && name === "Fn::Join") {
      const [separator, parts] = inner as [string, unknown[]];
      return (into(parts) as string[]).join(separator);
    }
    if (more.length > 0 || !/^(Ref|Fn::)/.test(name))
      return Object.fromEntries(Object.entries(one).map(([key, each]) => [key, into(each)]));
    if (name === "Ref" && typeof known[String(inner)] === "string") return known[String(inner)];
    throw new Error(`the policy holds ${JSON.stringify(one)}, which only CloudFormation can resolve`);
  };
  return into(value);
}

const usage = `Prints the calls that bring a lost table back; makes none of them, and writes the policy beside it. When to use it and what follows: docs/day-two.md

  npx cdk synth -q -c stage=production
  npm run restore -- --stage production --outputs outputs.json --table Sessions --source-arn ARN [--at 2026-12-01T10:00:00Z]

Exit codes: 0 printed, 1 not printed, 2 not called right.`;

/** Runs the command. @returns the exit code */
export function restore(args: readonly string[], out: (line: string) => void, err: (line: string) => void): number {
  const flag = { type: "string" } as const;
  try {
    const names = ["stage", "outputs", "table", "source-arn", "at", "template", "policy-file"] as const;
    const options = { ...Object.fromEntries(names.map((name) => [name, flag])), help: { type: "boolean" as const } };
    const values = parseArgs({ args: [...args], options }).values as Partial<Record<(typeof names)[number], string>> & {
      help?: boolean;
    };
    const { stage, outputs, table: name, at, template: given } = values;
    const sourceArn = values["source-arn"];
    if (values.help || stage === undefined || outputs === undefined || name === undefined || sourceArn === undefined) {
      (values.help ? out : err)(usage);
      return values.help ? 0 : 2;
    }
    if (at !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(at))
      throw new Error(`--at ${at}: write it like 2026-12-01T10:00:00Z`);
    const template = given ?? templateFile("cdk.out", `lanyard-${stage}-state`);
    const { Resources } = JSON.parse(readFileSync(template, "utf8")) as {
      Resources: Record<string, { Type: string; Properties: unknown }>;
    };
    const found = Object.entries(Resources).find(
      ([id, { Type }]) => Type === "AWS::DynamoDB::GlobalTable" && id.replace(/[0-9A-F]{8}$/, "") === `Tables${name}`,
    );
    const told = (JSON.parse(readFileSync(outputs, "utf8")) as Record<string, Record<string, string>>)[
      `lanyard-${stage}-state`
    ];
    const [tableName, dataKeyId] = [told?.[`${name}Table`], told?.DataKeyId];
    if (!found || !tableName || !dataKeyId) throw new Error(`there is no table ${name} in ${template} and ${outputs}`);
    const policyFile = values["policy-file"] ?? `${name.toLowerCase()}-policy.json`;
    const table = found[1].Properties as Table;
    const policy = table.Replicas[0].ResourcePolicy;
    if (policy)
      writeFileSync(policyFile, `${JSON.stringify(resolvedPolicy(policy.PolicyDocument, sourceArn), undefined, 2)}\n`);
    const plan = restorePlan(table, {
      tableName,
      sourceArn,
      dataKeyId,
      policyFile,
      ...(at ? { at } : {}),
    });
    for (const line of plan) out(line);
    return 0;
  } catch (wrong) {
    err((wrong as Error).message);
    return (wrong as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
  }
}

if (import.meta.main)
  process.exitCode = restore(
    process.argv.slice(2),
    (line) => console.log(line),
    (line) => console.error(line),
  );
