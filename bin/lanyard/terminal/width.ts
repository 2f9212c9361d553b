import { createRequire } from "node:module";
import type stringWidth from "string-width";

const graphemes = new Intl.Segmenter();

// its tables of emoji take longer to load than most answers to print, and few have any
let measure: typeof stringWidth | undefined;
const load = (): typeof stringWidth =>
  (createRequire(import.meta.url)("string-width") as { readonly default: typeof stringWidth }).default;

/** Columns that a text takes on a terminal: two for a character of Chinese or an emoji, none for a combining mark. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  measure ??= load();
  return measure(text);
}

/** A text filled up with blanks to so many columns. */
export const padded = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - widthOf(text)));

/** A text in at most so many columns; what is cut ends with `…`, and no character is cut in two. */
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
