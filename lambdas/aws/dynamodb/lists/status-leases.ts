import { randomInt } from "node:crypto";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { leaseRow, statusListOf, windowEndsAtSeconds, windowOf } from "../../../../core/status/windows.ts";
import { type Item, membersAnd, row, text, whole } from "../codec.ts";
import type { Tables } from "../dynamo.ts";

/**
 * Leases places in status lists: unique over all instances, and in an order that does not show which session came next.
 */
export interface StatusLeases {
  /**
   * @returns list and index for a session that ends at `expiresAtSeconds`; undefined while that list is not signed,
   * since a token must not name it yet
   */
  lease(expiresAtSeconds: number, deploymentEpoch: number): Promise<{ list: string; idx: number } | undefined>;
}

/** A block of places. All are in one list, since the size of a list is a multiple of the block's. */
interface Pool {
  readonly epoch: number;
  readonly list: string;
  readonly positions: number[];
  /** Whether the list was found signed since the block was leased. */
  isSigned: boolean;
}

/**
 * Creates leases by blocks of `limits.statusLeaseSize`: one atomic counter row for each window and one write for each
 * block. A block is dropped when the deployment's epoch is raised, since revoking the deployment revokes every position
 * leased before. A block whose list is not signed yet is not used, and the next request checks again: every offline
 * verifier would refuse a token that names such a list. From the counter the publisher learns that it must sign the
 * list, and it then signs it every minute until its hour is over, so one check for each block is enough.
 * @param isSigned whether a list can be fetched now; {@link createSignedLists}, except in tests without a publisher
 */
export function createStatusLeases(
  client: DynamoDBDocumentClient,
  tables: Tables,
  isSigned: (list: string) => Promise<boolean>,
): StatusLeases {
  const pools = new Map<string, Pool>();
  return {
    async lease(expiresAtSeconds, deploymentEpoch) {
      const window = windowOf(expiresAtSeconds);
      for (;;) {
        const pool = pools.get(window);
        if (pool?.epoch === deploymentEpoch && pool.positions.length > 0) {
          pool.isSigned ||= await isSigned(pool.list);
          if (!pool.isSigned) return undefined;
          const position = pool.positions.pop();
          if (position !== undefined) return statusListOf(window, position);
        }
        const positions = await leaseBlock(client, tables, { window, epoch: deploymentEpoch });
        // places of an hour that is over are of no use
        for (const held of pools.keys()) if (held < window && pools.size > 24) pools.delete(held);
        pools.set(window, poolOf(window, deploymentEpoch, positions));
      }
    },
  };
}

function poolOf(window: string, epoch: number, positions: number[]): Pool {
  const [any = 0] = positions;
  return { epoch, list: statusListOf(window, any).list, positions, isSigned: false };
}

/**
 * Leases a block, and stores where the first block of each epoch began. A cut of the deployment ends only positions
 * below that place, not sessions that were opened after the cut and before the publisher read it.
 */
async function leaseBlock(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { window, epoch }: { readonly window: string; readonly epoch: number },
): Promise<number[]> {
  const size = limits.statusLeaseSize;
  const answer = await client.send(
    new UpdateCommand({
      TableName: tables.sessions,
      Key: leaseRow(window),
      UpdateExpression:
        "SET #first = if_not_exists(#first, if_not_exists(#position, :none)), " +
        "#position = if_not_exists(#position, :none) + :size, #expiresAt = :expiresAt",
      ExpressionAttributeNames: {
        "#position": "position",
        "#expiresAt": "expiresAt",
        "#first": firstOf(epoch),
      },
      ExpressionAttributeValues: { ":size": size, ":expiresAt": windowEndsAtSeconds(window) + 86_400, ":none": 0 },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  const { position: end } = leaseOf({ ...leaseRow(window), ...answer.Attributes });
  return shuffled(Array.from({ length: size }, (_, i) => end - size + i));
}

/** Attributes that store where the first block of each epoch began. */
const firstPrefix = "first#";
const firstOf = (epoch: number): string => `${firstPrefix}${epoch}`;

interface LeaseRow {
  readonly root: string;
  readonly sid: string;
  readonly position: number;
  readonly expiresAt: number;
}

/** A window's counter: how many places are leased, and how many were before each epoch of the deployment. */
interface Lease {
  readonly position: number;
  readonly firsts: ReadonlyMap<number, number>;
}

const leaseRowOf = row(
  { table: "sessions", key: ["root", "sid"] },
  membersAnd<LeaseRow, number>({ root: text, sid: text, position: whole, expiresAt: whole }, firstPrefix, whole),
);

/**
 * The counter in a row.
 * @throws {@link BrokenRow}
 */
export function leaseOf(item: Item): Lease {
  const { position, named } = leaseRowOf(item);
  return { position, firsts: new Map([...named].map(([epoch, first]) => [Number(epoch), first])) };
}

/**
 * The number of places that were leased before an epoch of the deployment: all of them, while none was leased under
 * that epoch or a later one.
 */
export function leasedBefore({ position, firsts }: Lease, epoch: number): number {
  const later = [...firsts].flatMap(([of, first]) => (of >= epoch ? [first] : []));
  return Math.min(position, ...later);
}

/**
 * Fisher-Yates shuffle with a cryptographic source, so that neighbouring places do not belong to sessions opened one
 * after another.
 */
function shuffled(values: number[]): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    const [a, b] = [values[i], values[j]];
    if (a === undefined || b === undefined) continue;
    values[i] = b;
    values[j] = a;
  }
  return values;
}
