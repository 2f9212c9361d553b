/** The lake of a synthesized stage, in DuckDB: the constructs' own tables, and Athena's functions as macros. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { synthesized } from "../../stack/synthesized.ts";
import { duckOf, hiveOf, read } from "./hive.ts";

export const cloudTrail = {
  bucket: "trail-of-all",
  accounts: ["111122223333", "444455556666"],
  regions: ["eu-west-1", "us-east-1"],
};

interface TableInput {
  readonly Name: string;
  readonly PartitionKeys: readonly { readonly Name: string }[];
  readonly Parameters: Readonly<Record<string, string>>;
  readonly StorageDescriptor: {
    readonly Columns: readonly { readonly Name: string; readonly Type: string }[];
    readonly Location: unknown;
    readonly InputFormat: string;
    readonly SerdeInfo: { readonly SerializationLibrary: string };
  };
}

/** Tables of Glue in the template of Audit, by name. */
export function gluedTables(settings: object = cloudTrail): Readonly<Record<string, TableInput>> {
  const { templates } = synthesized({ cloudTrail: settings });
  const made = Object.values(templates.Audit.Resources).filter(({ Type }) => Type === "AWS::Glue::Table");
  return Object.fromEntries(
    made.map(({ Properties }) => [(Properties.TableInput as TableInput).Name, Properties.TableInput as TableInput]),
  );
}

/** Functions that Athena has and DuckDB calls otherwise. */
const macros = [
  // Athena quotes a name with a dash in brackets, DuckDB behind a dot
  `CREATE MACRO json_extract_scalar(t, p) AS json_extract_string(t, replace(replace(p, '["', '."'), '"]', '"'))`,
  "CREATE MACRO json_format(j) AS CAST(j AS VARCHAR)",
  "CREATE MACRO array_join(l, s) AS array_to_string(l, s)",
  "SET lambda_syntax = 'ENABLE_SINGLE_ARROW'",
];
/** No macro takes a function. */
const spelled = (sql: string): string => sql.replace(/\btransform\(/g, "list_transform(");

export interface Lake {
  /** Runs Athena's text. */
  run(sql: string, values: readonly (string | number)[]): Promise<readonly Record<string, unknown>[]>;
  close(): void;
}

/** A record with the values of its partition's keys. */
export interface Filed {
  readonly keys: Readonly<Record<string, string>>;
  readonly record: object;
}

/** Fills the tables as their readers would from the objects of S3. */
export async function openLake(given: Readonly<Record<"audit" | "cloudtrail", readonly Filed[]>>): Promise<Lake> {
  const folder = mkdtempSync(join(tmpdir(), "lake-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const macro of macros) await connection.run(macro);
  for (const [name, { PartitionKeys, StorageDescriptor }] of Object.entries(gluedTables())) {
    const columns = StorageDescriptor.Columns.map(({ Name, Type }) => [Name, hiveOf(Type)] as const);
    const keys = PartitionKeys.map(({ Name }) => [Name, hiveOf("string")] as const);
    const row = hiveOf("struct<>");
    const shape = { ...row, members: columns } as Parameters<typeof read>[1];
    const lines = (given[name as keyof typeof given] ?? []).map(({ keys: at, record }) =>
      JSON.stringify({ ...(read(record, shape) as object), ...at }),
    );
    const file = join(folder, `${name}.json`);
    writeFileSync(file, lines.join("\n"));
    await fill(connection, { name, file, columns: [...columns, ...keys].map(([n, t]) => `"${n}": '${duckOf(t)}'`) });
  }
  rmSync(folder, { recursive: true, force: true });
  return {
    run: async (sql, values) => (await connection.runAndReadAll(spelled(sql), [...values])).getRowObjectsJson(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function fill(connection: DuckDBConnection, table: { name: string; file: string; columns: string[] }) {
  await connection.run(
    `CREATE TABLE ${table.name} AS SELECT * FROM read_json('${table.file}', format = 'newline_delimited',
     maximum_object_size = 100000000, columns = {${table.columns.join(", ")}})`,
  );
}

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10);

/** Audit records as the delivery stream would file them. */
export const filedAudit = (records: readonly { readonly time: number }[]): readonly Filed[] =>
  records.map((record) => ({ record, keys: { dt: dayOf(record.time) } }));

/** Records of CloudTrail as it would file them. */
export const filedTrail = (records: readonly Readonly<Record<string, unknown>>[]): readonly Filed[] =>
  records.map((record) => ({
    record,
    keys: {
      dt: String(record.eventTime).slice(0, 10).replaceAll("-", "/"),
      account: String(record.recipientAccountId),
      region: String(record.awsRegion),
    },
  }));
