import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { MemoryLog } from "./log.ts";
import type { MemoryTrail } from "./trail.ts";

/** Writes a log's objects into a folder, as a copy of the bucket's prefix would hold them. */
export async function writeLog(folder: string, { files }: Pick<MemoryLog, "files">): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** Writes a whole trail into a folder, as `aws s3 sync` copies the audit bucket: files have the times of the objects. */
export async function writeTrail(
  folder: string,
  { log, arrivals, objects }: Pick<MemoryTrail, "log" | "arrivals" | "objects">,
) {
  await writeLog(join(folder, "log"), log);
  for (const [size, millis] of arrivals)
    if (log.files.has(`checkpoints/${size}`))
      await utimes(join(folder, `log/checkpoints/${size}`), millis / 1_000, millis / 1_000);
  for (const { name, lines, writtenAtMillis } of objects) {
    const day = new Date(writtenAtMillis).toISOString().slice(0, 10);
    const path = join(folder, name.replace(/^(audit\/)/, `$1dt=${day}/`).concat(".gz"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, gzipSync(`${lines.join("\n")}\n`));
    await utimes(path, writtenAtMillis / 1_000, writtenAtMillis / 1_000);
  }
}
