import { always } from "../../../core/lineage/queries.ts";
import { filesOf } from "../audit/folder.ts";
import { Usage } from "../terminal/outcome.ts";
import type { Engine } from "./engine.ts";
import { auditTable, trailTable } from "./tables.ts";

/** Where both kinds of files lie. */
interface TraceFolders {
  readonly audit: string;
  readonly trail: string;
}

/**
 * Reads both folders into DuckDB, in this process.
 * @throws Usage where DuckDB is not installed, or a folder is not there or empty
 */
export async function openDuckDb({ audit, trail }: TraceFolders): Promise<Engine> {
  const { DuckDBInstance } = await load();
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    // nothing is ever fetched: an extension that is not inside would be looked for on the network
    await connection.run("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false");
    await connection.run(auditTable(await pathsOf(audit)));
    await connection.run(trailTable(await pathsOf(trail)));
    // from here on a query reads the tables alone
    await connection.run("SET enable_external_access = false; SET lock_configuration = true");
  } catch (failure) {
    close();
    throw failure;
  }
  return {
    ask: async ({ sql, values }) => (await connection.runAndReadAll(sql, [...values])).getRowObjectsJson(),
    reach: { days: always, nearby: false },
    spent: () => [],
    close,
  };
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
      "trace reads files with DuckDB, which is not installed: npm install @duckdb/node-api, with --global where lanyard is",
    );
  }
}
