/** Files of a trail: which records go into the next ones, under which keys. */
import { randomBytes } from "node:crypto";
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

/** A record that waits: written at once, since a text is kept for less than what it was made of. */
export interface Noted {
  /** Account and Region, which decide about its file. */
  readonly place: string;
  /** As JSON. */
  readonly text: string;
}

/** Writes a record down. */
export const noted = (record: TrailRecord): Noted => ({
  place: `${record.recipientAccountId} ${record.awsRegion}`,
  text: JSON.stringify(record),
});

/** A file for the trail's bucket, not yet packed. */
export interface TrailFile {
  readonly key: string;
  readonly text: string;
}

/** What a delivery takes, and what it leaves for the next. */
interface Parted<T> {
  readonly now: readonly T[];
  readonly later: readonly T[];
}

/** Parts records into those of this delivery and those that come later, or again. */
export function part<T>(pending: readonly T[], unkindness: Unkindness): Parted<T> {
  const { late = 0, doubled = 0, shuffled = false, draw = Math.random } = unkindness;
  const now: T[] = [];
  const later: T[] = [];
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
export function filesOf(records: readonly Noted[], atMillis: number): TrailFile[] {
  return [...Map.groupBy(records, ({ place }) => place)].map(([place, some]) => {
    const [account = "", region = ""] = place.split(" ");
    return { key: keyOf(account, region, atMillis), text: `{"Records":[${some.map(({ text }) => text).join(",")}]}` };
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
