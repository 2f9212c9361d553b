import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { canonicalOf, type ListedTool, readListed } from "./declaration.ts";
import { type NamedDigest, toolDigest, toolsDigest } from "./digest.ts";

/**
 * Asks a server for one page of its tools.
 * @param cursor of the page; undefined for the first
 * @returns the result of `tools/list`, as it was parsed
 */
export type ListPage = (cursor: string | undefined) => Promise<unknown>;

/** A tool of a server with its digest. */
export interface DigestedTool extends NamedDigest {
  readonly tool: ListedTool;
}

/** All tools of a server, in the order of their names. */
export interface ToolSet {
  readonly tools: readonly DigestedTool[];
  /** Digest of the set (`digest.ts`). */
  readonly digest: string;
}

/**
 * Reads a server's whole list of tools. What was not read whole is refused whole: a list that goes on, goes in a circle
 * or is longer than its bounds could hide a tool behind its end, or one tool behind another of its name.
 * @returns the set, or in a sentence why it could not be read whole
 * @throws what `list` throws
 */
export async function collectTools(list: ListPage): Promise<Result<ToolSet, string>> {
  const read = await readPages(list);
  if (!read.ok) return read;
  const tools: DigestedTool[] = [];
  for (const tool of read.value.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const digest = await toolDigest(tool);
    if (!digest.ok) return digest;
    tools.push({ name: tool.name, digest: digest.value, tool });
  }
  const digest = await toolsDigest(tools);
  return digest.ok ? ok({ tools, digest: digest.value }) : digest;
}

async function readPages(list: ListPage): Promise<Result<readonly ListedTool[], string>> {
  const found = new Map<string, ListedTool>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < limits.toolPages; page++) {
    const read = pageOf(await list(cursor));
    if (!read.ok) return read;
    for (const tool of read.value.tools) {
      const taken = take(tool, found);
      if (!taken.ok) return taken;
      bytes += taken.value;
      if (bytes > limits.toolListBytes) return err(`the list has more than ${limits.toolListBytes} bytes`);
    }
    cursor = read.value.cursor;
    if (cursor === undefined) return ok([...found.values()]);
    if (cursors.has(cursor)) return err("the server names the same next page twice");
    cursors.add(cursor);
  }
  return err(`the list has more than ${limits.toolPages} pages`);
}

/** Takes a tool into the list; two names that differ in case alone are one to some servers. */
function take(value: unknown, found: Map<string, ListedTool>): Result<number, string> {
  const tool = readListed(value);
  if (!tool.ok) return tool;
  const key = tool.value.name.toLowerCase();
  const twin = found.get(key);
  if (twin) return err(`${tool.value.name} could be taken for ${twin.name}`);
  if (found.size >= limits.toolsOfResource) return err(`there are more than ${limits.toolsOfResource} tools`);
  found.set(key, tool.value);
  const text = canonicalOf(tool.value);
  return text.ok ? ok(text.value.length) : text;
}

function pageOf(value: unknown): Result<{ readonly tools: readonly unknown[]; readonly cursor?: string }, string> {
  const { tools, nextCursor } = Object(value) as { readonly tools?: unknown; readonly nextCursor?: unknown };
  if (!Array.isArray(tools)) return err("a page of the list has no tools");
  // some servers write null where there is no further page
  if (nextCursor === undefined || nextCursor === null) return ok({ tools });
  if (typeof nextCursor !== "string" || nextCursor.length > limits.toolCursorCharacters)
    return err("a page of the list names its next one by no fit cursor");
  return ok({ tools, cursor: nextCursor });
}
