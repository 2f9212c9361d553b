import type { AgentKey } from "../model/agent-registration.ts";
import type { Registration } from "../model/registry.ts";

/**
 * The only row of table Registry that belongs to no version and is public: what metadata tells of the registry.
 * Discovery may read only this row of the table.
 */
export const publishedRow = { kind: "published", name: "metadata" } as const;

/** The row beside it: the keys of agents that sign cards. */
export const cardKeysRow = { kind: "published", name: "card-keys" } as const;

/** Public keys by the name of the agent whose cards they sign. */
export type CardKeys = Readonly<Record<string, readonly AgentKey[]>>;

/**
 * The keys that the issuer publishes: of active agents that say so (`signsCards`), and of nobody else. An agent that is
 * suspended signs nothing that others should believe.
 */
export const publishedCardKeys = (rows: readonly Registration[]): CardKeys =>
  Object.fromEntries(
    rows.flatMap((row) =>
      row.kind === "agent" && row.state === "active" && row.signsCards && row.keys
        ? [[row.name, row.keys] as const]
        : [],
    ),
  );

/** What metadata tells of a registry: the names of its details types (RFC 9396 10), in order. */
export const publishedDetailsTypes = (rows: readonly Registration[]): readonly string[] =>
  rows.flatMap((row) => (row.kind === "details-type" ? [row.name] : [])).sort();
