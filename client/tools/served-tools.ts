import { type ListedTool, type ListPage, readTools, type ToolSet } from "./read-tools.ts";

/** Input of {@link createServedTools}. */
export interface ServedToolsInput {
  /** Asks the server itself, by the connection over which calls are passed on. */
  readonly list: ListPage;
  /** How long a list is believed, in seconds: 30 when left out, 300 at most. */
  readonly maxAgeSeconds?: number;
}

/** The tools of a server as it lists them now. */
export interface ServedTools {
  /**
   * Digest of a tool; undefined for one that the server does not list.
   * @throws LanyardError `tools_unreadable`, and what `list` throws
   */
  digest(name: string): Promise<string | undefined>;
  /**
   * A tool as it is declared; undefined for one that the server does not list.
   * @throws as {@link ServedTools.digest}
   */
  declared(name: string): Promise<ListedTool | undefined>;
  /** Has the list read again: call it on `notifications/tools/list_changed`, and when a session begins anew. */
  changed(): void;
}

const usualSeconds = 30;
const mostSeconds = 300;

/**
 * Keeps a server's list of tools for a gateway, so that it can say at each call at which digest a tool is served. A list
 * that cannot be read is none: the failure is not remembered, and nothing older takes its place.
 * @throws RangeError for an age beyond the greatest
 */
export function createServedTools({ list, maxAgeSeconds = usualSeconds }: ServedToolsInput): ServedTools {
  if (!(maxAgeSeconds >= 0 && maxAgeSeconds <= mostSeconds))
    throw new RangeError(`maxAgeSeconds is between 0 and ${mostSeconds}`);
  let held: { readonly read: Promise<ToolSet>; readonly untilMillis: number } | undefined;
  const current = (): Promise<ToolSet> => {
    const now = performance.now();
    if (held && now < held.untilMillis) return held.read;
    const mine = { read: readTools(list), untilMillis: now + maxAgeSeconds * 1_000 };
    held = mine;
    mine.read.catch(() => {
      if (held === mine) held = undefined;
    });
    return mine.read;
  };
  const named = async (name: string) => (await current()).tools.find((tool) => tool.name === name);
  return {
    digest: async (name) => (await named(name))?.digest,
    declared: async (name) => (await named(name))?.tool,
    changed() {
      held = undefined;
    },
  };
}
