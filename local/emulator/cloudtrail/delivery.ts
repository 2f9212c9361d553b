/** Files of a trail: which records go into the next ones, under which keys. */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { TrailRecord } from "./record.ts";

/** How unkind a trail is. AWS promises each event at least once, within minutes, in no order. */
export interface Unkindness {
  /** Share of records that miss a delivery, from 0 to 1; drawn at each, so that some miss several. */
  readonly late?: number;
  /** Share of records that come twice. */
  readonly doubled?: number;
  /** Whether a file's records are in no order. */
  readonly shuffled?: boolean;
  /** Draws from 0 up to 1; Math.random unless given. */
  readonly draw?: () => number;
}

/** A file for the trail's bucket. */
interface TrailFile {
  readonly key: string;
  readonly bytes: Buffer;
}

/** What a delivery takes, and what it leaves for the next. */
interface Parted {
  readonly now: readonly TrailRecord[];
  readonly later: readonly TrailRecord[];
}

/** Parts records into those of this delivery and those that come later, or again. */
export function part(pending: readonly TrailRecord[], unkindness: Unkindness): Parted {
  const { late = 0, doubled = 0, shuffled = false, draw = Math.random } = unkindness;
  const now: TrailRecord[] = [];
  const later: TrailRecord[] = [];
  for (const record of pending) {
    if (draw() < late) {
      later.push(record);
      continue;
    }
    now.push(record);
    if (draw() < doubled) (draw() < 0.5 ? now : later).push(record);
  }
  return { now: shuffled ? shuffle(now, draw) : now, later };
}

function shuffle<T>(items: readonly T[], draw: () => number): T[] {
  const left = [...items];
  const mixed: T[] = [];
  while (left.length > 0) mixed.push(...left.splice(Math.floor(draw() * left.length), 1));
  return mixed;
}

/** One file an account and Region, as CloudTrail lays them out. */
export function filesOf(records: readonly TrailRecord[], atMillis: number): TrailFile[] {
  const byPlace = Map.groupBy(records, ({ recipientAccountId, awsRegion }) => `${recipientAccountId} ${awsRegion}`);
  return [...byPlace].map(([place, Records]) => {
    const [account = "", region = ""] = place.split(" ");
    return { key: keyOf(account, region, atMillis), bytes: gzipSync(JSON.stringify({ Records })) };
  });
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function keyOf(account: string, region: string, atMillis: number): string {
  const [date = "", time = ""] = new Date(atMillis).toISOString().split("T");
  const stamp = `${date.replaceAll("-", "")}T${time.slice(0, 5).replace(":", "")}Z`;
  const unique = [...randomBytes(16)].map((byte) => letters[byte % letters.length]).join("");
  const folder = `AWSLogs/${account}/CloudTrail/${region}/${date.replaceAll("-", "/")}`;
  return `${folder}/${account}_CloudTrail_${region}_${stamp}_${unique}.json.gz`;
}
