import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
} from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { revocationKeys, tombstoneKeys } from "../../../../core/model/row-keys.ts";
import type { LivenessQuery, LivenessRows } from "../../../../core/session/store.ts";
import { mayRepeat } from "../../patience.ts";
import type { Item } from "../codec.ts";
import type { Tables } from "../dynamo.ts";
import { confirmedAmong } from "../people/confirmation-rows.ts";
import { personKeyOf } from "../people/person-keys.ts";
import { epochOf } from "../revocations/epoch-rows.ts";
import { offerAmong, offerKeys } from "./offer-rows.ts";
import { sessionOf } from "./session-rows.ts";

/** DynamoDB takes at most this many keys in a batch. */
const batchKeys = 100;
/** How long unprocessed keys are read again, in milliseconds, before the caller is told to try again. */
const patienceMillis = 1_000;

/** The table and key of one row. */
interface Key {
  readonly table: string;
  readonly key: Record<string, string>;
}

/**
 * Reads liveness: one strongly consistent BatchGetItem over Sessions, Tombstones and Revocations, and Markers,
 * People and Confirmations where they are asked. Duplicate keys are removed (an agent on its own account is its principal, and DynamoDB
 * refuses a key that comes twice). Chains too deep for one batch of 100 are read by several batches at the same time.
 * They need no common snapshot: every item is current, and a revocation is never undone.
 */
export async function readLivenessBatch(
  client: DynamoDBDocumentClient,
  tables: Tables,
  query: LivenessQuery,
): Promise<LivenessRows> {
  const copy = revocationKeys.deployment(randomInt(limits.deploymentCopies));
  const keys = keysOf(query, tables, copy);
  const chunks = Array.from({ length: Math.ceil(keys.length / batchKeys) }, (_, i) =>
    keys.slice(i * batchKeys, (i + 1) * batchKeys),
  );
  const answers = await Promise.all(chunks.map((chunk) => readAll(client, chunk)));
  const items = answers.flatMap((answer) => answer ?? []);
  return { complete: answers.every((answer) => answer !== undefined), ...sorted(items, query, { tables, copy }) };
}

function keysOf(query: LivenessQuery, tables: Tables, copy: string): readonly Key[] {
  const subject = (value: string): Key => ({ table: tables.revocations, key: { subject: value } });
  const { session } = query;
  const sids = session ? [session.sid, ...query.tombstones] : query.tombstones;
  const keys = [
    subject(copy),
    ...(session ? [{ table: tables.sessions, key: { root: session.root, sid: session.sid } }] : []),
    ...sids.map((sid) => ({ table: tables.tombstones, key: { session: tombstoneKeys.session(sid) } })),
    ...query.subjects.map((name) => subject(revocationKeys.epoch(name))),
    ...(query.offer ? offerKeys(query.offer, tables) : []),
    ...(query.replay ? [{ table: tables.markers, key: { key: query.replay } }] : []),
    ...(query.person === undefined ? [] : [{ table: tables.people, key: { person: query.person } }]),
    ...(query.owners ?? []).map((principal) => ({ table: tables.confirmations, key: { principal } })),
  ];
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}

/**
 * Reads rows of any tables, strongly consistent.
 * @param keys at most 100, without duplicates
 * @returns every item of these keys that exists, or undefined when a key could not be read
 */
export async function readAll(
  client: DynamoDBDocumentClient,
  keys: readonly Key[],
): Promise<readonly { table: string; item: Item }[] | undefined> {
  const found: { table: string; item: Item }[] = [];
  const deadline = performance.now() + patienceMillis;
  let wanted: BatchGetCommandInput["RequestItems"] = requestOf(keys);
  for (let attempt = 0; ; attempt++) {
    const answer: BatchGetCommandOutput = await client.send(new BatchGetCommand({ RequestItems: wanted }));
    for (const [table, items] of Object.entries(answer.Responses ?? {}))
      found.push(...items.map((item) => ({ table, item })));
    const left = answer.UnprocessedKeys ?? {};
    if (Object.values(left).every((part) => (part.Keys ?? []).length === 0)) return found;
    const pauseMillis = Math.random() * Math.min(10 * 2 ** attempt, 200);
    if (performance.now() > deadline || !mayRepeat(pauseMillis)) return undefined;
    wanted = left;
    await sleep(pauseMillis);
  }
}

function requestOf(keys: readonly Key[]): NonNullable<BatchGetCommandInput["RequestItems"]> {
  const request: Record<string, { Keys: Record<string, string>[]; ConsistentRead: true }> = {};
  for (const { table, key } of keys) {
    request[table] ??= { Keys: [], ConsistentRead: true };
    request[table].Keys.push(key);
  }
  return request;
}

function sorted(
  items: readonly { table: string; item: Item }[],
  query: LivenessQuery,
  { tables, copy }: { readonly tables: Tables; readonly copy: string },
): Omit<LivenessRows, "complete"> {
  const of = (table: string) => items.filter((found) => found.table === table).map(({ item }) => item);
  const rows = new Map(
    of(tables.revocations)
      .map(epochOf)
      .map(({ subject, registryVersion, longestLifeSeconds: _l, automatic: _a, reported: _r, ...epoch }) => [
        subject,
        { epoch, registryVersion },
      ]),
  );
  // a function may lack the names of tables that it does not read
  const row = query.session && of(tables.sessions).find(({ sid }) => sid === query.session?.sid);
  const session = row && sessionOf(row);
  const person = query.person === undefined ? undefined : of(tables.people)[0];
  const offer = query.offer && offerAmong(items, query.offer, tables);
  const sids = query.session ? [query.session.sid, ...query.tombstones] : query.tombstones;
  const over = new Set(sids.length > 0 ? of(tables.tombstones).map(({ session }) => String(session)) : []);
  const deployment = rows.get(copy);
  const epochs = query.subjects.flatMap((name) => {
    const row = rows.get(revocationKeys.epoch(name));
    return row ? [[name, row.epoch] as const] : [];
  });
  return {
    ...(session ? { session } : {}),
    ...(offer ? { offer } : {}),
    ...(query.replay && of(tables.markers).length > 0 ? { isReplay: true } : {}),
    ...(person ? { personKey: personKeyOf(person) } : {}),
    ...(query.owners ? { confirmedAtSeconds: confirmedAmong(of(tables.confirmations)) } : {}),
    tombstones: new Set(sids.filter((sid) => over.has(tombstoneKeys.session(sid)))),
    epochs: new Map(epochs),
    // a deployment row that only a revocation wrote names no registry yet, and counts as absent
    ...(deployment?.registryVersion === undefined
      ? {}
      : { deployment: { ...deployment.epoch, registryVersion: deployment.registryVersion } }),
  };
}
