import { type Terminal, Usage } from "./outcome.ts";
import { plain } from "./plain.ts";
import { type Column, table } from "./table.ts";

/** How an answer is written; the last three are for lists. */
export const formats = ["table", "json", "jsonl", "tsv", "id"] as const;

/** One of {@link formats}. */
type Format = (typeof formats)[number];

/** Options of every command that answers. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly output?: Format;
}

/** Options of a command that lists. */
export interface ListOptions extends OutputOptions {
  readonly limit?: string;
}

/** One thing has no lines to be listed. @throws Usage */
export function mustBeWhole({ output }: OutputOptions): void {
  if (output !== undefined && output !== "table" && output !== "json")
    throw new Usage(`--output ${output} is for lists: one thing is shown as table or json`);
}

/** A list to be shown. */
interface Listing<Item, Row> {
  /** Its member in the JSON object. */
  readonly name: string;
  readonly items: readonly Item[];
  /** What identifies an item: what another command takes. */
  readonly id: (item: Item) => string;
  /** Lines of the table; an item may have several. */
  readonly rows: readonly Row[];
  readonly shape: readonly Column<Row>[];
  /** There is more than `--limit` let through. */
  readonly more?: boolean;
  /** What people are shown instead of the bare table. */
  readonly forPeople?: (table: readonly string[]) => readonly string[];
}

/** Writes a list in the format that was asked for. */
export function showList<Item, Row>(
  { name, items, id, rows, shape, more = false, forPeople = (lines) => lines }: Listing<Item, Row>,
  { json, output = json ? "json" : "table" }: OutputOptions,
  terminal: Terminal,
): void {
  const lines = (): readonly string[] => {
    if (output === "table") return forPeople(table(rows, shape, terminal.columns));
    if (output === "json") return [JSON.stringify({ ok: true, [name]: items, ...(more ? { more } : {}) })];
    if (output === "jsonl") return items.map((item) => JSON.stringify(item));
    if (output === "id") return items.map((item) => plain(id(item)));
    return [shape.map(({ title }) => title), ...rows.map((row) => shape.map(({ of }) => plain(of(row))))].map((cells) =>
      cells.join("\t"),
    );
  };
  for (const line of lines()) terminal.out(line);
  if (more && output !== "json") terminal.err(`there are more than these ${items.length}: give a larger --limit`);
}

/** A limit as it was given. @throws Usage */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Usage(`--limit is a number from 1, not ${JSON.stringify(text)}`);
  return Number(text);
}

/**
 * Whether a command line asks for one JSON object, before it is parsed: what is wrong with it must come as JSON too.
 * @param args what stands behind `lanyard`
 */
export const asksForJson = (args: readonly string[]): boolean =>
  args.some(
    (arg, at) =>
      arg === "--json" ||
      arg === "--output=json" ||
      arg === "-ojson" ||
      (["--output", "-o"].includes(arg) && args[at + 1] === "json"),
  );
