import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { parseJson, readIfThere } from "../../deployment/files.ts";
import type { Env } from "../../deployment/model.ts";
import { configFolder } from "../../deployment/stored.ts";
import { Usage } from "../../terminal/outcome.ts";

const file = z.object({
  version: z.literal(1),
  logs: z.record(z.string(), z.object({ keys: z.array(z.string()).min(1), checkpoint: z.string().optional() })),
});

/** What is remembered of a log: the keys by which it was first verified, and the last checkpoint that was seen. */
export interface Remembered {
  /** Text forms (C2SP signed-note). */
  readonly keys: readonly string[];
  readonly checkpoint?: string;
}

const fileOf = (env: Env): string | undefined => {
  const folder = configFolder(env);
  return folder === undefined ? undefined : join(folder, "logs.json");
};

/** Every remembered log by its origin; none where there is no configuration folder. @throws Usage for a malformed file */
export async function readRemembered(env: Env): Promise<Readonly<Record<string, Remembered>>> {
  const path = fileOf(env);
  const text = path === undefined ? undefined : await readIfThere(path);
  if (path === undefined || text === undefined) return {};
  const parsed = file.safeParse(parseJson(text, path));
  if (!parsed.success) throw new Usage(`${path} is no file of logs that were seen; move it away after a look into it`);
  return Object.fromEntries(
    Object.entries(parsed.data.logs).map(([origin, { keys, checkpoint }]) => [
      origin,
      { keys, ...(checkpoint === undefined ? {} : { checkpoint }) },
    ]),
  );
}

/** Remembers a log as it was seen: from now on it must continue that. */
export async function remember(env: Env, origin: string, seen: Remembered): Promise<void> {
  const path = fileOf(env);
  if (path === undefined) return;
  const logs = { ...(await readRemembered(env)), [origin]: seen };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  await writeFile(next, `${JSON.stringify({ version: 1, logs }, null, 2)}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, path);
}
