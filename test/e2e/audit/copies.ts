import { cpSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { bundleOf, readBundle } from "../../../core/tlog/bundle.ts";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { tilePath } from "../../../core/tlog/tile.ts";
import { tileOf } from "../../../core/tlog/tree.ts";
import { type MemoryLog, memoryLog } from "../../kit/memory/log.ts";
import { writeLog } from "../../kit/memory/log-folder.ts";
import { bucket, checkpoints, type Delivered, delivered, entries, folder, key, lanyard } from "./ground.ts";

/** Copies of the bucket that somebody was at. */

const hourMillis = 3_600_000;
let copies = 0;

/** A copy of the bucket as it would be an hour later: its last checkpoint, which covers nothing else, is that hour's. */
export function copied(): string {
  copies += 1;
  const at = join(folder, `copy-${copies}`);
  for (const part of ["audit", "log"])
    cpSync(join(bucket(), part), join(at, part), { recursive: true, preserveTimestamps: true });
  const last = checkpoints(at).at(-1);
  if (last) arriveAt(join(at, `log/checkpoints/${last.size}`), last.arrivedAtMillis + hourMillis);
  return at;
}

const arriveAt = (path: string, millis: number): void => utimesSync(path, millis / 1_000, millis / 1_000);

/** What our command says of a copy, to somebody who has a key and, it may be, checkpoints, and has seen nothing of it before. */
export async function verified(at: string, options: { readonly key?: string; readonly against?: string } = {}) {
  const more = options.against === undefined ? [] : ["--against", options.against];
  const by = options.key ?? verifierKey(key);
  const { code, out, err } = await lanyard(
    ["audit", "verify", "--log", at, "--key", by, "--json", ...more],
    join(folder, `nobody-${copies}`),
  );
  if (err !== "") throw new Error(err);
  const { counts, pending, checked } = JSON.parse(out) as {
    readonly counts: Readonly<Record<string, number>>;
    readonly pending: number;
    readonly checked: { readonly entries: number; readonly records: number };
  };
  return { code, counts, pending, checked };
}

/** Changes an object of a copy; whoever can do that can also keep its time. */
export function changed(path: string, by: (bytes: Buffer) => Buffer): void {
  const { mtimeMs } = statSync(path);
  writeFileSync(path, by(readFileSync(path)));
  arriveAt(path, mtimeMs);
}

/** Changes the lines of an object of the audit. */
export const changedLines = (path: string, by: (lines: readonly string[]) => readonly string[]): void =>
  changed(path, (bytes) =>
    gzipSync(
      by(gunzipSync(bytes).toString().trimEnd().split("\n"))
        .map((line) => `${line}\n`)
        .join(""),
    ),
  );

/** Changes the entries of a copy's first bundle. */
export function changedEntries(at: string, by: (entries: readonly Buffer[]) => readonly Buffer[]): void {
  const size = checkpoints(at).at(-1)?.size ?? 0;
  changed(join(at, "log", tilePath(tileOf(size, "entries", 0))), (bytes) => {
    const read = readBundle(bytes);
    if (!read.ok) throw new Error(read.error);
    return bundleOf([...by(read.value)]);
  });
}

/** A record of a copy that nobody can say is still on its way: it was sealed long before the last checkpoint. */
export function settled(at: string): Delivered {
  const found = delivered(at).find(({ operation }) => operation === "session.open");
  if (!found) throw new Error("no session was opened");
  return found;
}

/**
 * Seals a copy anew, checkpoint for checkpoint, under a key of somebody's own: what the holder of the log's key could do,
 * who is trusted with it alone.
 * @param by what becomes of the entries, checkpoint by checkpoint
 * @returns the log, and the text form of its key
 */
export async function resealed(
  at: string,
  by: (batches: readonly (readonly Buffer[])[]) => readonly (readonly Buffer[])[] = (batches) => batches,
): Promise<{ readonly log: MemoryLog; readonly key: string }> {
  const kept = checkpoints(at);
  const all = await entries(at);
  const batches = kept.map(({ size }, n) => all.slice(kept[n - 1]?.size ?? 0, size));
  const log = memoryLog(key.name, "the holder of the log's key");
  const sizes: number[] = [];
  for (const batch of by(batches)) {
    await log.add(...batch);
    sizes.push(log.size);
  }
  rmSync(join(at, "log"), { recursive: true });
  await writeLog(join(at, "log"), log);
  for (const [n, size] of sizes.entries())
    arriveAt(join(at, `log/checkpoints/${size}`), kept[n]?.arrivedAtMillis ?? Date.now());
  return { log, key: verifierKey(log.signer) };
}
