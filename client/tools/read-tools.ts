import { collectTools, type ListPage, type ToolSet } from "../../core/tools/collect.ts";
import type { ListedTool } from "../../core/tools/declaration.ts";
import { type ToolDifference, type ToolPin, toolDifferences } from "../../core/tools/difference.ts";
import { toolDigest as digestOf } from "../../core/tools/digest.ts";
import { LanyardError } from "../error.ts";

export type { DigestedTool, ListPage, ToolSet } from "../../core/tools/collect.ts";
export type { ListedTool } from "../../core/tools/declaration.ts";
export type { ToolDifference, ToolPin } from "../../core/tools/difference.ts";

/**
 * Digest of a tool as its server lists it, description and name included (docs/tools.md).
 * @param tool one item of `tools` of `tools/list`
 * @throws LanyardError `tools_unreadable` for one that has none
 */
export async function toolDigest(tool: unknown): Promise<string> {
  const digest = await digestOf(tool);
  if (digest.ok) return digest.value;
  throw unreadable(digest.error);
}

/**
 * Reads a server's whole list of tools, with digests. With the official SDK a page is
 * `(cursor) => client.request({ method: "tools/list", params: cursor === undefined ? {} : { cursor } })`.
 * @throws LanyardError `tools_unreadable` for a list that cannot be read whole, and what `list` throws
 */
export async function readTools(list: ListPage): Promise<ToolSet> {
  const read = await collectTools(list);
  if (read.ok) return read.value;
  throw unreadable(read.error);
}

/** Tools of a server, held against pins. */
export interface PinnedTools {
  /** What a model may be shown and may call: as pinned, and nothing besides what their digests cover. */
  readonly tools: readonly ListedTool[];
  /** What is different, of which nothing is among `tools`. */
  readonly differences: readonly ToolDifference[];
}

/**
 * Reads a server's list as an agent may use it: a tool that is new, renamed or changed is left out, the others stay.
 * For agents that no gateway stands before; the pins are their own, and prove nothing to anybody else.
 * @param pins of this server
 * @throws LanyardError `tools_unreadable`, and what `list` throws
 */
export async function readPinnedTools(list: ListPage, pins: readonly ToolPin[]): Promise<PinnedTools> {
  const { tools } = await readTools(list);
  const differences = await toolDifferences(pins, tools);
  const refused = new Set(differences.map(({ name }) => name));
  return { tools: tools.filter(({ name }) => !refused.has(name)).map(({ tool }) => tool), differences };
}

const unreadable = (description: string) => new LanyardError("tools_unreadable", "tools", { description });
