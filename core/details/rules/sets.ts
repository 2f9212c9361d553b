import { limits } from "../../model/limits.ts";
import { isTexts, type Rule } from "./rule.ts";
import { isPlainText } from "./text.ts";

const readTexts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= limits.detailListItems &&
  value.every(isPlainText) &&
  new Set(value).size === value.length
    ? value
    : undefined;

const takes = "a list of different, plain texts, not empty";

/** `one_of`: only what the list names. A subset is narrower. */
export const oneOf: Rule<readonly string[]> = {
  takes,
  fits: isTexts,
  read: readTexts,
  write: (bound) => bound,
  within: (inner, outer) => inner.every((text) => outer.includes(text)),
  admits: (bound, actual) => typeof actual === "string" && bound.includes(actual),
};

/**
 * Letter case, compatibility forms and blanks around a name are ignored. An allow-list may compare exactly, but an
 * exclusion that did would be evaded with a capital letter.
 */
const folded = (text: string): string => text.normalize("NFKC").trim().toUpperCase().toLowerCase().normalize("NFKC");

/** `not`: anything but what the list names. A list that excludes at least as much is narrower. */
export const not: Rule<readonly string[]> = {
  takes,
  fits: isTexts,
  read: readTexts,
  write: (bound) => bound,
  within: (inner, outer) => outer.every((text) => inner.includes(text)),
  admits: (bound, actual) => isPlainText(actual) && !bound.some((text) => folded(text) === folded(actual)),
};
