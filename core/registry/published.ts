import type { Registration } from "../model/registry.ts";

/**
 * The only row of table Registry that belongs to no version and is public: what metadata tells of the registry.
 * Discovery may read only this row of the table.
 */
export const publishedRow = { kind: "published", name: "metadata" } as const;

/** What metadata tells of a registry: the names of its details types (RFC 9396 10), in order. */
export const publishedDetailsTypes = (rows: readonly Registration[]): readonly string[] =>
  rows.flatMap((row) => (row.kind === "details-type" ? [row.name] : [])).sort();
