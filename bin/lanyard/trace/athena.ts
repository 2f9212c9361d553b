import { setTimeout as pause } from "node:timers/promises";
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type ResultSet,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { athenaText, lakeNames } from "../../../core/lineage/athena.ts";
import { type Days, mostRows, type Statement } from "../../../core/lineage/queries.ts";
import type { Row } from "../../../core/lineage/rows.ts";
import type { Profile } from "../deployment/model.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { count } from "../terminal/words.ts";
import type { Engine } from "./engine.ts";

/** How long one query may take. */
const longestMillis = 5 * 60_000;
const pauses = { firstMillis: 200, mostMillis: 2_000 } as const;
/** Rows of a page: as many as Athena gives. */
const pageRows = 1_000;

/** The workgroup's client, and where its tables are. */
interface Workgroup {
  readonly client: AthenaClient;
  readonly workgroup: string;
  readonly database: string;
  readonly patienceMillis: number;
}

/**
 * Asks the deployment's own workgroup in Athena, with the operator's own rights (docs/trace.md).
 * @param days lines delivered between these are read
 * @param patienceMillis how long one query may take
 * @throws Usage where the profile names no stage
 */
export function openAthena(
  { stage, dynamo }: Pick<Profile, "stage" | "dynamo">,
  days: Days,
  patienceMillis: number = longestMillis,
): Engine {
  if (stage === undefined)
    throw new Usage("which stage's tables? Set LANYARD_STAGE, or give --outputs <file>, or --profile <name>");
  const { region, credentials } = dynamo.config;
  const at = { client: new AthenaClient({ region, credentials }), ...lakeNames(stage), patienceMillis };
  const tally = { queries: 0, bytes: 0 };
  return {
    async ask(statement) {
      const id = await start(at, statement);
      tally.queries += 1;
      tally.bytes += await finish(at, id);
      return rowsOf(at, id);
    },
    reach: { days, nearby: true },
    spent: () => [
      `Athena scanned ${(tally.bytes / 1e6).toFixed(1)} MB in ${count(tally.queries, "query", "queries")} of workgroup ${at.workgroup}`,
    ],
    close: () => at.client.destroy(),
  };
}

/** Athena reads each value as SQL: a number, or a literal, in which a quote is doubled and nothing else has a meaning. */
const literal = (value: string | number): string =>
  typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;

async function start({ client, workgroup, database }: Workgroup, statement: Statement): Promise<string> {
  const { QueryExecutionId: id } = await client.send(
    new StartQueryExecutionCommand({
      QueryString: athenaText(statement),
      ExecutionParameters: statement.values.map(literal),
      WorkGroup: workgroup,
      QueryExecutionContext: { Database: database },
    }),
  );
  if (id === undefined) throw new Refused("Athena took the query and named none");
  return id;
}

/** Waits for a query. @returns bytes scanned @throws Refused where it fails, or takes too long, and is then stopped */
async function finish({ client, patienceMillis }: Workgroup, id: string): Promise<number> {
  let waited = 0;
  for (let wait: number = pauses.firstMillis; waited <= patienceMillis; wait = Math.min(wait * 2, pauses.mostMillis)) {
    const { QueryExecution: query } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const { State: state, StateChangeReason: reason } = query?.Status ?? {};
    if (state === "SUCCEEDED") return query?.Statistics?.DataScannedInBytes ?? 0;
    if (state === "FAILED" || state === "CANCELLED")
      throw new Refused(`Athena did not answer: ${reason ?? state.toLowerCase()} (query ${id})`, { code: "athena" });
    await pause(wait);
    waited += wait;
  }
  await client.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
  throw new Refused(`Athena took more than ${patienceMillis / 1_000} s; query ${id} was stopped`, {
    code: "athena",
  });
}

async function rowsOf({ client }: Workgroup, id: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let token: string | undefined;
  let isFirst = true;
  do {
    const { ResultSet: set, NextToken: next } = await client.send(
      new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: pageRows, ...(token && { NextToken: token }) }),
    );
    rows.push(...pageOf(set, isFirst));
    isFirst = false;
    token = next;
    // an answer has so many rows at most: more pages are no answer to what we asked
  } while (token !== undefined && rows.length <= mostRows);
  return rows;
}

/** Rows by column; the first page begins with the columns' names. What has no text is `null`. */
function pageOf(set: ResultSet | undefined, isFirst: boolean): Row[] {
  const columns = (set?.ResultSetMetadata?.ColumnInfo ?? []).map(({ Name }) => Name ?? "");
  return (set?.Rows ?? [])
    .slice(isFirst ? 1 : 0)
    .map(({ Data = [] }) => Object.fromEntries(columns.map((name, at) => [name, Data[at]?.VarCharValue ?? null])));
}
