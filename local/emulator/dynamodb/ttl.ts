import type { Item, Store } from "dynalite/db/index.js";
import type { Commit } from "./commit.ts";
import { isRecord } from "./limits.ts";
import { openOverlay } from "./overlay.ts";
import { invalid } from "./refusal.ts";
import type { TableRow, Tables } from "./tables.ts";

const FIVE_YEARS_SECONDS = 5 * 365 * 86_400;

/** UpdateTimeToLive. Switching on what is on, or off what is off, is refused as by DynamoDB. */
export async function updateTimeToLive(
  tables: Tables,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { row, specification } = readSpecification(tables, input);
  const { AttributeName, Enabled } = specification;
  const { ttlAttribute, ...rest } = row;
  if (Enabled && ttlAttribute === AttributeName) throw invalid("TimeToLive is already enabled");
  if (!Enabled && ttlAttribute === undefined) throw invalid("TimeToLive is already disabled");
  if (ttlAttribute !== undefined && ttlAttribute !== AttributeName) {
    throw invalid(`TimeToLive is active on a different AttributeName: current AttributeName is ${ttlAttribute}`);
  }
  await tables.update(Enabled ? { ...rest, ttlAttribute: AttributeName } : rest);
  return { TimeToLiveSpecification: specification };
}

function readSpecification(
  tables: Tables,
  input: Record<string, unknown>,
): { row: TableRow; specification: { AttributeName: string; Enabled: boolean } } {
  const specification = input.TimeToLiveSpecification;
  if (!isRecord(specification)) throw invalid("TimeToLiveSpecification is required");
  const { AttributeName, Enabled } = specification;
  if (typeof AttributeName !== "string" || AttributeName.length < 1 || AttributeName.length > 255)
    throw invalid("AttributeName must have 1 to 255 characters");
  if (typeof Enabled !== "boolean") throw invalid("Enabled must be true or false");
  return { row: tables.get(String(input.TableName)), specification: { AttributeName, Enabled } };
}

/** DescribeTimeToLive. */
export function describeTimeToLive(tables: Tables, input: Record<string, unknown>): Record<string, unknown> {
  const { ttlAttribute } = tables.get(String(input.TableName));
  const description =
    ttlAttribute === undefined
      ? { TimeToLiveStatus: "DISABLED" }
      : { TimeToLiveStatus: "ENABLED", AttributeName: ttlAttribute };
  return { TimeToLiveDescription: description };
}

/**
 * Deletes expired items, one commit each, marked in the stream as the TTL service's.
 * @param expiredBeforeSeconds items that expired before this second go; later ones stay readable, as on AWS for days
 * @param serial the engine's single-writer queue
 * @returns how many items went
 */
export async function sweepExpired(
  ground: { store: Store; tables: Tables; commit: Commit },
  expiredBeforeSeconds: number,
  serial: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<number> {
  let deleted = 0;
  for (const name of ground.tables.names()) {
    const row = ground.tables.get(name);
    const prefix = `item-${name}~`;
    const expired: string[] = [];
    if (row.ttlAttribute === undefined) continue;
    for await (const [key, item] of ground.store.db.iterator({ gte: prefix, lt: `${prefix}\xff` })) {
      if (isExpired(row, item as Item, expiredBeforeSeconds)) expired.push(key.slice(prefix.length));
    }
    for (const key of expired) {
      const gone = await serial(async () => {
        const overlay = openOverlay(ground.store, ground.tables);
        const item = await overlay.read(name, key);
        if (item === undefined || !isExpired(row, item, expiredBeforeSeconds)) return 0;
        overlay.delete(row, key, item);
        await ground.commit(overlay.changes(), { byTtl: true });
        return 1;
      });
      deleted += gone;
    }
  }
  return deleted;
}

/** Only a number counts, and DynamoDB never deletes what claims to be expired for more than five years. */
function isExpired({ ttlAttribute }: TableRow, item: Item, beforeSeconds: number): boolean {
  const value = ttlAttribute === undefined ? undefined : item[ttlAttribute];
  if (typeof value?.N !== "string") return false;
  const seconds = Number(value.N);
  return seconds < beforeSeconds && seconds > beforeSeconds - FIVE_YEARS_SECONDS;
}
