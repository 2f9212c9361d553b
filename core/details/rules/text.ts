import { limits } from "../../model/limits.ts";

/**
 * A text that every reader sees alike: well-formed, in normal form C, without control, format or unassigned characters.
 * Two spellings of one name, or a character nobody sees, would let a bound and a target disagree.
 */
export const isPlainText = (value: unknown): value is string =>
  typeof value === "string" &&
  value.length > 0 &&
  value.length <= limits.detailTextCharacters &&
  !/\p{C}/u.test(value) &&
  value.normalize("NFC") === value;

const structure = /[^./\\%;?#*]/g;

/**
 * False where compatibility forms hide structure: a reader that folds `．．` (fullwidth) to `..`, as code pages and
 * NFKC do, would walk where another sees a name.
 */
export const hidesNoStructure = (text: string): boolean =>
  text.normalize("NFKC").replace(structure, "") === text.replace(structure, "");
