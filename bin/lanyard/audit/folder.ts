import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Usage } from "../terminal/outcome.ts";
import { type AuditEvent, eventsOfStream } from "./events.ts";
import type { AuditObject } from "./object.ts";

/** Files below a folder that may hold events, in the order of their names. @throws Usage when there is no such folder */
export async function filesOf(folder: string): Promise<readonly AuditObject[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) throw new Usage(`there is no folder ${folder}`);
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(json|ndjson|jsonl)(\.gz)?$|\.gz$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(paths.map(async (name) => ({ name, writtenAtMillis: (await stat(name)).mtimeMs })));
}

/** Events of one file. */
export const eventsOfFile = (path: string): AsyncGenerator<AuditEvent> =>
  eventsOfStream(createReadStream(path), path.endsWith(".gz"));
