import { readFile, stat } from "node:fs/promises";
import { limits } from "../../../core/model/limits.ts";
import { parseBoundedJson } from "../../../core/text/json.ts";
import { collectTools, type ListPage, type ToolSet } from "../../../core/tools/collect.ts";
import { Refused, Usage } from "../terminal/outcome.ts";

/** A BOM of an organization is long. */
const fileBytes = 64 * 1_024 * 1_024;

/**
 * Reads a file of JSON; a member that is named twice is refused.
 * @throws Usage where there is none, or it is none
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const { size } = await stat(path).catch(() => {
    throw new Usage(`there is no file ${path}`);
  });
  if (size > fileBytes) throw new Usage(`${path} has more than ${fileBytes} bytes`);
  const json = parseBoundedJson(await readFile(path, "utf8"), 128);
  if (!json.ok) throw new Usage(`${path}: ${json.error}`);
  return json.value;
}

/**
 * A list of tools in a file: a result of `tools/list`, an answer with one, a list of such pages, or what
 * `tools pin --declarations` wrote.
 */
export function listIn(file: unknown): ListPage {
  const pages = Array.isArray(file) ? file : [file];
  let at = 0;
  return async () => {
    const page: unknown = pages[at++];
    const { result = page } = Object(page) as { readonly result?: unknown };
    return result;
  };
}

/** Reads a whole list. @throws Refused for one that cannot be read whole */
export async function readWhole(list: ListPage): Promise<ToolSet> {
  const read = await collectTools(list);
  if (read.ok) return read.value;
  throw new Refused(`the list of tools could not be read whole: ${read.error}`, { code: "tools_unreadable" });
}

/** The declarations of a set, as a file to look at and to keep beside the registry. */
export const declarationsText = ({ tools, digest }: ToolSet): string =>
  `${JSON.stringify({ format: "lanyard-tools-1", digest, tools: tools.map(({ tool }) => tool) }, null, 2)}\n`;

/** JSON in which no letter hides: whatever is no printable ASCII is escaped, so that a look-alike is seen. */
export const plainLines = (value: unknown): readonly string[] =>
  (JSON.stringify(value, null, 2) ?? "")
    .replace(/[^\n\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .split("\n");

/** Bound on digests of one tool, for a pin that keeps the former ones. */
export const digestsMost: number = limits.digestsOfTool;
