/** Firehose's conversion of records: JSON to Parquet by a table of Glue, which DuckDB writes here. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import { duckOf, type Hive, hiveOf, read } from "./hive.ts";

/** What records are converted to. */
export interface Conversion {
  readonly columns: readonly (readonly [name: string, type: Hive])[];
  readonly compression: string;
}

/** The conversion of a delivery stream of the template. @throws for one that is not known here, or a table that is not there */
export function conversionOf(cloud: Cloud, destination: Json, stream: string): Conversion | undefined {
  const given = destination.DataFormatConversionConfiguration as Json | undefined;
  if (given === undefined || given.Enabled === false) return undefined;
  const unknown = (what: string) =>
    new Error(`delivery stream ${stream}: ${what} is not known to the embedded Firehose`);
  const {
    InputFormatConfiguration: from,
    OutputFormatConfiguration: to,
    SchemaConfiguration: schema,
  } = given as Nested;
  if (from?.Deserializer?.OpenXJsonSerDe === undefined) throw unknown("a deserializer other than OpenXJsonSerDe");
  const { ParquetSerDe: parquet } = to?.Serializer ?? {};
  if (parquet === undefined) throw unknown("a serializer other than ParquetSerDe");
  if (!["UNCOMPRESSED", undefined].includes(destination.CompressionFormat as string | undefined))
    throw new Error(
      `delivery stream ${stream}: what is converted is compressed inside, so CompressionFormat is UNCOMPRESSED`,
    );
  const buffering = (destination.BufferingHints ?? {}) as { SizeInMBs?: number };
  if ((buffering.SizeInMBs ?? 128) < 64)
    throw new Error(`delivery stream ${stream}: a conversion buffers 64 MB at least`);
  const table = cloud
    .ofType("AWS::Glue::Table")
    .map((resource) => cloud.properties(resource) as unknown as Glued)
    .find(
      ({ DatabaseName, TableInput }) => DatabaseName === schema?.DatabaseName && TableInput.Name === schema?.TableName,
    );
  if (table === undefined) throw new Error(`delivery stream ${stream}: there is no table ${String(schema?.TableName)}`);
  return {
    columns: table.TableInput.StorageDescriptor.Columns.map(({ Name, Type }) => [Name, hiveOf(Type)] as const),
    compression: String(parquet.Compression ?? "SNAPPY").toLowerCase(),
  };
}

interface Nested {
  readonly InputFormatConfiguration?: { readonly Deserializer?: { readonly OpenXJsonSerDe?: object } };
  readonly OutputFormatConfiguration?: { readonly Serializer?: { readonly ParquetSerDe?: { Compression?: string } } };
  readonly SchemaConfiguration?: { readonly DatabaseName?: string; readonly TableName?: string };
}

interface Glued {
  readonly DatabaseName: string;
  readonly TableInput: {
    readonly Name: string;
    readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string; readonly Type: string }[] };
  };
}

/**
 * Converts records, one JSON object each.
 * @returns the Parquet file @throws for a record that is no JSON object: Firehose would put it below its prefix of errors
 */
export async function toParquet({ columns, compression }: Conversion, records: readonly Buffer[]): Promise<Buffer> {
  // only a stream that converts needs the engine
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const row: Hive = { kind: "struct", members: columns };
  const lines = records.map((record) => JSON.stringify(read(JSON.parse(record.toString("utf8")), row)));
  const folder = mkdtempSync(join(tmpdir(), "firehose-parquet-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const [from, to] = [join(folder, "in.json"), join(folder, `${randomUUID()}.parquet`)];
    writeFileSync(from, `${lines.join("\n")}\n`);
    const shape = columns.map(([name, type]) => `"${name}": '${duckOf(type)}'`).join(", ");
    await connection.run(
      `COPY (SELECT * FROM read_json('${from}', format = 'newline_delimited', maximum_object_size = 16777216,
         columns = {${shape}})) TO '${to}' (FORMAT parquet, COMPRESSION ${compression})`,
    );
    return readFileSync(to);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}
