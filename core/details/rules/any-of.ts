import { limits } from "../../model/limits.ts";
import { isTextOrTexts, type Rule } from "./rule.ts";

/** How one text of a list is understood. */
interface Atom<One> {
  readonly takes: string;
  read(text: unknown): One | undefined;
  write(one: One): string;
  within(inner: One, outer: One): boolean;
  /** Whether one value of a concrete request is admitted; it may be read more strictly than a bound. */
  admits(one: One, actual: unknown): boolean;
}

/** Values of which any may be used, and whether they were written as a list. */
export interface Several<One> {
  readonly list: boolean;
  readonly ones: readonly One[];
}

/**
 * The rule of a field that holds one text, or several of which any may be used. It is narrower when each inner one lies
 * within one of the outer ones.
 */
export const anyOf = <One>(atom: Atom<One>): Rule<Several<One>> => ({
  takes: `${atom.takes}, or a list of such`,
  fits: isTextOrTexts,
  read(value) {
    const list = Array.isArray(value);
    const values: readonly unknown[] = list ? value : [value];
    if (values.length === 0 || values.length > limits.detailListItems) return undefined;
    const ones: One[] = [];
    for (const one of values) {
      const read = atom.read(one);
      if (read === undefined) return undefined;
      ones.push(read);
    }
    return { list, ones };
  },
  write({ list, ones }) {
    const [first] = ones;
    // two spellings of one value become one entry
    return list || first === undefined ? [...new Set(ones.map((one) => atom.write(one)))] : atom.write(first);
  },
  within: (inner, outer) => inner.ones.every((one) => outer.ones.some((bound) => atom.within(one, bound))),
  admits: (bound, actual) => bound.ones.some((one) => atom.admits(one, actual)),
});
