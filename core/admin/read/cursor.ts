import type { Denial } from "../../denial/denial.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { FoundPlace } from "./session-queries.ts";

/**
 * The place where a list continues, as an opaque text. It is not signed: it names a place INSIDE what the query names
 * anyway, its form is checked to the last character, and it never becomes a partition key, a table or an expression. An
 * operator who forges one only skips rows of the answer.
 */
type Cursor =
  | { readonly list: "agents"; readonly name: string }
  | { readonly list: "versions"; readonly before: number }
  | { readonly list: "budgets"; readonly version: number; readonly from: number }
  | { readonly list: "places"; readonly place: FoundPlace }
  | { readonly list: "tree"; readonly key: string }
  | { readonly list: "walk"; readonly name: string; readonly place?: FoundPlace };

const id = "[A-Za-z0-9_-]{22}";
const place = `(\\d{10})#(${id})#(${id})`;
const name = "[a-z0-9._-]{1,100}(?:/[a-z0-9._-]{1,100}){0,8}";
const shapes = {
  agents: new RegExp(`^agents (${name})$`),
  versions: /^versions ([1-9]\d{0,7})$/,
  budgets: /^budgets (\d{1,8}) ([1-9]\d{0,5})$/,
  places: new RegExp(`^places ${place}$`),
  tree: new RegExp(`^tree (${id}|~(?:offer|access)#[A-Za-z0-9_-]{43})$`),
  walk: new RegExp(`^walk (${name})(?: ${place})?$`),
} as const;

const placeText = ({ endSeconds, root, sid }: FoundPlace): string =>
  `${String(endSeconds).padStart(10, "0")}#${root}#${sid}`;

const placeOf = (end = "", root = "", sid = ""): FoundPlace => ({ endSeconds: Number(end), root, sid });

/** @returns 1 to 600 base64url characters */
export function cursorText(cursor: Cursor): string {
  return Buffer.from(plain(cursor), "utf8").toString("base64url");
}

function plain(cursor: Cursor): string {
  switch (cursor.list) {
    case "agents":
      return `agents ${cursor.name}`;
    case "versions":
      return `versions ${cursor.before}`;
    case "budgets":
      return `budgets ${cursor.version} ${cursor.from}`;
    case "places":
      return `places ${placeText(cursor.place)}`;
    case "tree":
      return `tree ${cursor.key}`;
    case "walk":
      return `walk ${cursor.name}${cursor.place ? ` ${placeText(cursor.place)}` : ""}`;
  }
}

/**
 * Reads a cursor of one list; a cursor of another list is refused.
 * @returns `parameter_invalid` for a text that we did not write
 */
export function readCursor<L extends Cursor["list"]>(
  text: string | undefined,
  list: L,
): Result<Extract<Cursor, { list: L }> | undefined, Denial> {
  if (text === undefined) return ok(undefined);
  const invalid = err<Denial>({ code: "parameter_invalid", name: "cursor", why: "send back what `next` said" });
  if (!/^[A-Za-z0-9_-]{1,1600}$/.test(text)) return invalid;
  const found = shapes[list].exec(Buffer.from(text, "base64url").toString("latin1"));
  if (!found) return invalid;
  const cursor = cursorOf(list, found);
  // each place has one text, so another spelling of the same place was not written here
  return cursorText(cursor) === text ? ok(cursor as Extract<Cursor, { list: L }>) : invalid;
}

function cursorOf(list: Cursor["list"], [, first = "", end, root, sid]: RegExpExecArray): Cursor {
  switch (list) {
    case "agents":
      return { list, name: first };
    case "versions":
      return { list, before: Number(first) };
    case "budgets":
      return { list, version: Number(first), from: Number(end) };
    case "places":
      return { list, place: placeOf(first, end, root) };
    case "tree":
      return { list, key: first };
    case "walk":
      return { list, name: first, ...(end === undefined ? {} : { place: placeOf(end, root, sid) }) };
  }
}
