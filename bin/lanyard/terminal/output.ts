import { type Terminal, Usage } from "./outcome.ts";
import { plain, plainJson } from "./plain.ts";
import { type Column, table } from "./table.ts";

/** Formats of an answer; the last three are for lists. */
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

/** Refuses list formats for an answer about one thing. @throws Usage */
export function mustBeWhole({ output }: OutputOptions): void {
  if (output !== undefined && output !== "table" && output !== "json")
    throw new Usage(`--output ${output} is for lists: one thing is shown as table or json`);
}

/** A list to show. */
interface Listing<Item, Row> {
  /** Its member in the JSON object. */
  readonly name: string;
  readonly items: readonly Item[];
  /** The id of an item, which other commands accept. */
  readonly id: (item: Item) => string;
  /** Lines of the table; an item may have several. */
  readonly rows: readonly Row[];
  readonly shape: readonly Column<Row>[];
  /** Whether there are more items than `--limit` allows. */
  readonly more?: boolean;
  /** Makes what people are shown from the table. */
  readonly forPeople?: (table: readonly string[]) => readonly string[];
}

/** Writes a list in the requested format. */
export function showList<Item, Row>(
  { name, items, id, rows, shape, more = false, forPeople = (lines) => lines }: Listing<Item, Row>,
  { json, output = json ? "json" : "table" }: OutputOptions,
  terminal: Terminal,
): void {
  const lines = (): readonly string[] => {
    if (output === "table") return forPeople(table(rows, shape, terminal.columns));
    if (output === "json") return [plainJson({ ok: true, [name]: items, ...(more ? { more } : {}) })];
    if (output === "jsonl") return items.map(plainJson);
    if (output === "id") return items.map((item) => plain(id(item)));
    return [shape.map(({ title }) => title), ...rows.map((row) => shape.map(({ of }) => plain(of(row))))].map((cells) =>
      cells.join("\t"),
    );
  };
  for (const line of lines()) terminal.out(line);
  if (more && output !== "json") terminal.err(`there are more than these ${items.length}: give a larger --limit`);
}

/** Reads option `--limit`. @throws Usage */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Usage(`--limit is a number from 1, not ${JSON.stringify(text)}`);
  return Number(text);
}

/**
 * Whether a command line asks for one JSON object, before it is parsed: an error in it must be printed as JSON too.
 * @param args the arguments after `lanyard`
 */
export const asksForJson = (args: readonly string[]): boolean =>
  args.some(
    (arg, at) =>
      arg === "--json" ||
      arg === "--output=json" ||
      arg === "-ojson" ||
      (["--output", "-o"].includes(arg) && args[at + 1] === "json"),
  );
