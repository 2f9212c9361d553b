import { createRequire } from "node:module";
import type stringWidth from "string-width";

const graphemes = new Intl.Segmenter();

// loading its tables of emoji takes longer than printing most answers, and few answers contain any
let measure: typeof stringWidth | undefined;
const load = (): typeof stringWidth =>
  (createRequire(import.meta.url)("string-width") as { readonly default: typeof stringWidth }).default;

/** Columns that a text takes on a terminal: two for a character of Chinese or an emoji, none for a combining mark. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  measure ??= load();
  return measure(text);
}

/** A text padded with blanks to a number of columns. */
export const padded = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - widthOf(text)));

/** A text cut to at most so many columns; a cut text ends with `…`, and no character is cut in two. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
