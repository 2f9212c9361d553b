import { totalmem } from "node:os";
import { type AuditColumn, auditColumns } from "../../../core/lineage/columns.ts";
import { always } from "../../../core/lineage/queries.ts";
import { filesOf } from "../audit/folder.ts";
import { Usage } from "../terminal/outcome.ts";
import { auditTable } from "./audit-table.ts";
import type { Engine } from "./engine.ts";
import { trailTable } from "./tables.ts";

/** Where both kinds of files lie; without a trail there is one table only. */
interface Folders {
  readonly audit: string;
  readonly trail?: string;
}

/**
 * Reads folders into DuckDB, in this process.
 * @param columns those of `lanyard_audit` that are asked for; a trace's unless given
 * @throws Usage where DuckDB is not installed, or a folder is not there or empty
 */
export async function openDuckDb(
  { audit, trail }: Folders,
  columns: readonly AuditColumn[] = ["dt", ...auditColumns],
): Promise<Engine> {
  const { DuckDBInstance } = await load();
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    // a question must not take the machine of whoever asks it, and files of a temporary folder are nobody's to find
    await connection.run(`SET memory_limit = '${memoryMegabytes()}MB'; SET temp_directory = ''`);
    // nothing is ever fetched: an extension that is not inside would be looked for on the network
    await connection.run("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false");
    await connection.run(auditTable(await pathsOf(audit), columns));
    if (trail !== undefined) await connection.run(trailTable(await pathsOf(trail)));
    // from here on a query reads the tables alone
    await connection.run("SET enable_external_access = false; SET lock_configuration = true");
  } catch (failure) {
    close();
    throw failure;
  }
  return {
    ask: async (statement) => {
      const { with: parts = [], sql, values } = statement;
      const made = parts.map(([name, text]) => `${name} AS (\n  ${text}\n)`);
      const whole = made.length === 0 ? sql : `WITH ${made.join(",\n")}\n${sql}`;
      return (await connection.runAndReadAll(whole, [...values]).catch(tooMuch)).getRowObjectsJson();
    },
    reach: { days: always, nearby: false },
    spent: () => [],
    close,
  };
}

/** Half of the machine's memory, and never more than 8 GB. */
const memoryMegabytes = (): number => Math.min(8_000, Math.floor(totalmem() / 2_000_000));

/** DuckDB's own words begin so where its bound was not enough. */
function tooMuch(failure: unknown): never {
  if (!(failure instanceof Error && failure.message.startsWith("Out of Memory Error"))) throw failure;
  throw new Usage(
    `these files are too many for ${memoryMegabytes()} MB of memory: name fewer days with --since, or copy fewer files`,
  );
}

async function pathsOf(folder: string): Promise<string[]> {
  const files = (await filesOf(folder)).map(({ name }) => name);
  if (files.length === 0) throw new Usage(`there are no files in ${folder} yet`);
  return files;
}

async function load(): Promise<typeof import("@duckdb/node-api")> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new Usage(
      "files are read with DuckDB, which is not installed: npm install @duckdb/node-api, with --global where lanyard is",
    );
  }
}
