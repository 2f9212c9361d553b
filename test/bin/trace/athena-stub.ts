/** Athena's wire protocol (JSON 1.1) over the lake in DuckDB: what it is told, and when, as the service would. */
import { listen } from "../../kit/wire/server.ts";
import type { Lake } from "../../lineage/lake/lake.ts";

/** One query as it was started. */
export interface Started {
  readonly QueryString: string;
  readonly ExecutionParameters: readonly string[];
  readonly WorkGroup: string;
  readonly QueryExecutionContext: { readonly Database: string };
}

interface Finished {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  polls: number;
}

/** A running stub. */
export interface AthenaStub {
  readonly url: string;
  readonly started: Started[];
  /** Every operation, in its order. */
  readonly operations: string[];
  /** What the next query fails with. */
  fail: string | undefined;
  /** Whether queries never end. */
  stuck: boolean;
  close(): Promise<void>;
}

/** Rows of a page, fewer than Athena's thousand so that there are several. */
const pageRows = 3;
export const bytesPerQuery = 1_000_000;

export async function athenaStub(lake: Lake): Promise<AthenaStub> {
  const queries = new Map<string, Finished | string>();
  const started: Started[] = [];
  const operations: string[] = [];
  const stub = { started, operations, fail: undefined as string | undefined, stuck: false };
  const answers: Readonly<Record<string, (input: Record<string, unknown>) => Promise<object> | object>> = {
    async StartQueryExecution(input) {
      const asked = input as unknown as Started;
      started.push(asked);
      const id = `00000000-0000-4000-8000-${String(started.length).padStart(12, "0")}`;
      queries.set(id, stub.fail ?? (await run(lake, asked)));
      stub.fail = undefined;
      return { QueryExecutionId: id };
    },
    GetQueryExecution({ QueryExecutionId: id }) {
      const query = queries.get(String(id));
      if (query === undefined) throw new Error("no such query");
      if (typeof query === "string")
        return { QueryExecution: { Status: { State: "FAILED", StateChangeReason: query } } };
      query.polls += 1;
      // one query of a stub runs for a while; were it each, the tests would wait for the pauses between the looks
      const runs = queries.size === 1 && query.polls === 1;
      const State = runs || stub.stuck ? "RUNNING" : "SUCCEEDED";
      return { QueryExecution: { Status: { State }, Statistics: { DataScannedInBytes: bytesPerQuery } } };
    },
    GetQueryResults({ QueryExecutionId: id, NextToken: token, MaxResults: most }) {
      const query = queries.get(String(id));
      if (query === undefined || typeof query === "string" || Number(most) > 1_000) throw new Error("no results");
      const at = Number(token ?? 0);
      const all = [query.columns, ...query.rows];
      const next = at + pageRows < all.length ? { NextToken: String(at + pageRows) } : {};
      const Rows = all.slice(at, at + pageRows).map((row) => ({
        Data: row.map((value) => (value === null ? {} : { VarCharValue: String(value) })),
      }));
      const ColumnInfo = query.columns.map((Name) => ({ Name, Type: "varchar" }));
      return { ResultSet: { ResultSetMetadata: { ColumnInfo }, Rows }, ...next };
    },
    StopQueryExecution: () => ({}),
  };
  const server = await listen(async ({ headers, body }) => {
    const operation = /^AmazonAthena\.(\w+)$/.exec(String(headers["x-amz-target"]))?.[1] ?? "";
    operations.push(operation);
    const type = { "content-type": "application/x-amz-json-1.1" };
    try {
      if (!/\/athena\/aws4_request/.test(headers.authorization ?? "")) throw new Error("not signed");
      return { headers: type, body: JSON.stringify((await answers[operation]?.(JSON.parse(body))) ?? {}) };
    } catch (cause) {
      const answer = { __type: "InvalidRequestException", Message: (cause as Error).message };
      return { status: 400, headers: type, body: JSON.stringify(answer) };
    }
  });
  return Object.assign(stub, { url: server.origin, close: () => server.close() });
}

/** Athena reads parameters as literals: whatever is none would become a part of the query. */
async function run(lake: Lake, { QueryString, ExecutionParameters }: Started): Promise<Finished> {
  const values = ExecutionParameters.map((parameter) => {
    if (/^\d{1,15}$/.test(parameter)) return Number(parameter);
    if (!/^'(?:[^']|'')*'$/.test(parameter) || parameter.length > 1_024) throw new Error(`no literal: ${parameter}`);
    return parameter.slice(1, -1).replaceAll("''", "'");
  });
  const found = await lake.run(QueryString, values);
  const columns = Object.keys(found[0] ?? {});
  return { columns, rows: found.map((row) => columns.map((name) => row[name])), polls: 0 };
}
