import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/lib-dynamodb";
import type { Login } from "../../../../core/model/login.ts";
import type { FoundSession, WalkCursor } from "../../../../core/status/publish-store.ts";
import type { Item } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";
import { endsAfter, numberOfShard, placeOf, type SessionPlace, shardsOf, subjectOfId } from "./subject-rows.ts";

/** A question for a subject's sessions that end after `nowSeconds`. */
interface Asked {
  /** `agent:<id>`, `principal:<id>`, `build:<digest>` or `login:<hash>`. */
  readonly subject: string;
  readonly nowSeconds: number;
  /** For each shard it names, only sessions after its key. */
  readonly after?: WalkCursor;
}

/**
 * Sessions of an agent, principal, build or login that end after `nowSeconds`, strongly consistent: every session that
 * was stored before the call is found, unlike with an index. All shards are read concurrently.
 */
export async function* sessionsOf(
  client: DynamoDBDocumentClient,
  tables: Tables,
  asked: Asked,
): AsyncGenerator<FoundSession> {
  for await (const { subject, session } of rowsOf(client, tables, asked)) {
    const key = String(session);
    yield { ...placeOf(key), shard: numberOfShard(subject), key };
  }
}

/** Logins by which a principal's roots were opened, from all rows that are not deleted yet. */
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
  { subject, nowSeconds, after = {} }: Asked,
): AsyncGenerator<Item> {
  let open: readonly Page[] = shardsOf(subject).map((shard) => {
    const [now, last = ""] = [endsAfter(nowSeconds), after[numberOfShard(shard)]];
    return { shard, after: now > last ? now : last };
  });
  while (open.length > 0) {
    const pages = await Promise.all(
      open.map(async (asked) => ({ asked, page: await readPage(client, tables, asked) })),
    );
    for (const { page } of pages) yield* page.Items ?? [];
    open = pages.flatMap(({ asked, page }) =>
      page.LastEvaluatedKey ? [{ ...asked, from: page.LastEvaluatedKey }] : [],
    );
  }
}

/** Finds a session below a root by its id alone, strongly consistent. */
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
  /** The sort key after which it begins. */
  readonly after: string;
  /** Where the previous page ended. */
  readonly from?: Item;
}

function readPage(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { shard, after, from }: Page,
): Promise<QueryCommandOutput> {
  return client.send(
    new QueryCommand({
      TableName: tables.subjects,
      KeyConditionExpression: "#subject = :shard AND #session > :after",
      ...words(["subject", "session"], { shard, after }),
      ConsistentRead: true,
      ...(from ? { ExclusiveStartKey: from } : {}),
    }),
  );
}
