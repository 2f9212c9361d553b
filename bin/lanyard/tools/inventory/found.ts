import type { HeldTool } from "../../../../core/model/agent-registration.ts";

/** What an inventory found an agent to work with. */
export interface FoundAgent {
  /** As the inventory names it. */
  readonly name: string;
  readonly tools: readonly HeldTool[];
}

/** What was read of an inventory. */
export interface Inventory {
  readonly agents: readonly FoundAgent[];
  /** Things of which is not said whose they are, or what they are. */
  readonly unplaced: readonly string[];
}

/** An object of somebody else's JSON. */
export type Members = Readonly<Record<string, unknown>>;

/** A value as an object; empty for any other. */
export const membersOf = (value: unknown): Members =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};

/** A value as a list of objects; anything else in it is left out. */
export const listOf = (value: unknown): readonly Members[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null && !Array.isArray(one)) : [];

/** A text that a registration takes as a name or a version, within its bound; undefined for any other value. */
export const textOf = (value: unknown, charactersMost: number): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= charactersMost && !/\p{C}/u.test(value)
    ? value
    : undefined;

/** Name and version bounds of what an agent is registered with. */
export const bounds = { name: 200, version: 128 };

/** One tool; undefined where its name cannot be registered. */
export function heldTool(
  kind: HeldTool["kind"],
  { name, version, sha256 }: { readonly name: unknown; readonly version?: unknown; readonly sha256?: unknown },
): HeldTool | undefined {
  const known = textOf(name, bounds.name);
  if (known === undefined) return undefined;
  const at = textOf(version, bounds.version);
  const hex = typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256) ? sha256.toLowerCase() : undefined;
  return {
    ...{ kind, name: known },
    // what scanners write where they do not know
    ...(at === undefined || at === "unknown" || at === "latest" ? {} : { version: at }),
    ...(hex === undefined ? {} : { digests: [`sha256:${hex}`] }),
  };
}
