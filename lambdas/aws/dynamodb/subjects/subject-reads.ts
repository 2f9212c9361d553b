import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Login } from "../../../../core/model/login.ts";
import { type Tables, words } from "../dynamo.ts";
import { endsAfter, placeOf, type SessionPlace, shardsOf, subjectOfId } from "./subject-rows.ts";

/** Whose sessions, of those that end after `nowSeconds`. */
interface Asked {
  /** `agent:<id>`, `principal:<id>`, `build:<digest>` or `login:<hash>`. */
  readonly subject: string;
  readonly nowSeconds: number;
}

/**
 * Sessions of an agent, principal, build or login that end after `nowSeconds`, strongly consistent: what was stored before
 * this is called is found, whatever an index would show. All shards are read side by side.
 */
export async function* sessionsOf(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { subject, nowSeconds }: Asked,
): AsyncGenerator<SessionPlace> {
  for await (const item of rowsOf(client, tables, { subject, nowSeconds })) yield placeOf(item.session);
}

/** Logins by which a principal's roots were opened, of all rows that TTL has not taken away yet. */
export async function loginsOf(
  client: DynamoDBDocumentClient,
  tables: Tables,
  subject: string,
): Promise<readonly Login[]> {
  const logins: Login[] = [];
  for await (const { login } of rowsOf(client, tables, { subject, nowSeconds: 0 }))
    if (login !== undefined) logins.push(login as Login);
  return logins;
}

async function* rowsOf(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { subject, nowSeconds }: Asked,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let open = shardsOf(subject).map((shard) => ({ shard, from: undefined as Record<string, unknown> | undefined }));
  while (open.length > 0) {
    const pages = await Promise.all(
      open.map(async ({ shard, from }) => ({
        shard,
        page: await readPage(client, tables, { shard, nowSeconds, from }),
      })),
    );
    for (const { page } of pages) yield* page.Items ?? [];
    open = pages.flatMap(({ shard, page }) => (page.LastEvaluatedKey ? [{ shard, from: page.LastEvaluatedKey }] : []));
  }
}

/** A session below a root, by its id alone, strongly consistent. */
export async function findPlace(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<SessionPlace | undefined> {
  const found = await client.send(
    new QueryCommand({
      TableName: tables.subjects,
      KeyConditionExpression: "#subject = :subject",
      ...words(["subject"], { subject: subjectOfId(sid) }),
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  const [item] = found.Items ?? [];
  return item && placeOf(item.session);
}

interface Page {
  readonly shard: string;
  readonly nowSeconds: number;
  readonly from: Record<string, unknown> | undefined;
}

function readPage(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { shard, nowSeconds, from }: Page,
): Promise<QueryCommandOutput> {
  return client.send(
    new QueryCommand({
      TableName: tables.subjects,
      KeyConditionExpression: "#subject = :shard AND #session > :after",
      ...words(["subject", "session"], { shard, after: endsAfter(nowSeconds) }),
      ConsistentRead: true,
      ...(from ? { ExclusiveStartKey: from } : {}),
    }),
  );
}
