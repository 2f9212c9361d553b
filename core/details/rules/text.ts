import { limits } from "../../model/limits.ts";

/**
 * A text that every reader reads alike: well-formed, in normal form C, without control, format or unassigned
 * characters. With two spellings of one name, or an invisible character, a bound and its target could disagree.
 */
export const isPlainText = (value: unknown): value is string =>
  typeof value === "string" &&
  value.length > 0 &&
  value.length <= limits.detailTextCharacters &&
  !/\p{C}/u.test(value) &&
  value.normalize("NFC") === value;

const structure = /[^./\\%;?#*]/g;

/**
 * False where compatibility forms hide structure. A reader that folds `．．` (fullwidth) to `..`, as code pages and NFKC
 * do, would step to a parent directory where another reader sees a name.
 */
export const hidesNoStructure = (text: string): boolean =>
  text.normalize("NFKC").replace(structure, "") === text.replace(structure, "");
