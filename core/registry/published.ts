import type { Registration } from "../model/registry.ts";

/**
 * The one row of table Registry that belongs to no version and is for everybody to know: what metadata says of the
 * registry. Discovery may read it and nothing else of that table.
 */
export const publishedRow = { kind: "published", name: "metadata" } as const;

/** What metadata says of a registry: the names of its details types (RFC 9396 10), in order. */
export const publishedDetailsTypes = (rows: readonly Registration[]): readonly string[] =>
  rows.flatMap((row) => (row.kind === "details-type" ? [row.name] : [])).sort();
