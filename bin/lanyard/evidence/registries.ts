import { z } from "zod";
import type { Registration } from "../../../core/model/registry.ts";
import { askAll } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reader } from "../deployment/reader.ts";
import { readRegistry } from "../registry/read.ts";

/** A version of the registry: everything in it, and when it was made. */
interface MadeVersion {
  readonly version: number;
  readonly atMillis: number;
  readonly rows: readonly Registration[];
}

const readApplied = reader(z.object({ version: z.number(), atMillis: z.number() }), "version of the registry");

/** Asks admin-read for versions of the registry. @throws Usage for one that is not there, Refused */
export async function madeVersions(
  versions: readonly number[],
  context: CommandContext,
): Promise<readonly MadeVersion[]> {
  if (versions.length === 0) return [];
  const { items } = await askAll(context, {
    path: "registry/versions",
    read: readApplied,
    keep: (item) => versions.includes(item.version),
  });
  return Promise.all(
    items
      .toSorted((one, other) => one.version - other.version)
      .map(async (item) => ({ ...item, rows: (await readRegistry(context.profile, item.version)).registrations })),
  );
}
