import { anyOf, type Several } from "./any-of.ts";
import type { Rule } from "./rule.ts";
import { hidesNoStructure, isPlainText } from "./text.ts";

/**
 * Characters that some target cuts at, expands or decodes: a web server in front (`%2e`, `;`, `?`, `#`), a shell (`*`),
 * another file system (`\`). A character that one reader takes for part of a name and another for a separator is
 * refused.
 */
const ambiguous = /[%\\;?#*]/;

/**
 * An absolute path as POSIX resolves it: repeated slashes and `.` are removed, and a last slash names the same
 * directory. `..` is refused and not resolved in the text: after a symbolic link, `/a/link/..` is not `/a`. Two leading
 * slashes are refused, since their meaning is left to the implementation (POSIX 4.13).
 * @returns the canonical path, or undefined when it is not understood
 */
function readPath(value: unknown): string | undefined {
  if (!isPlainText(value) || !value.startsWith("/") || value.startsWith("//") || ambiguous.test(value))
    return undefined;
  if (!hidesNoStructure(value)) return undefined;
  const segments = value.split("/").filter((segment) => segment !== "" && segment !== ".");
  // "..", and names that other file systems shorten to it
  return segments.some((segment) => /^[. ]+$/.test(segment)) ? undefined : `/${segments.join("/")}`;
}

/** Whole segments: `/a` covers `/a` and `/a/b`, not `/ab`. */
const covers = (bound: string, path: string): boolean =>
  path === bound || path.startsWith(bound === "/" ? bound : `${bound}/`);

/** `path`: this directory or file and all below it. A path below it, by whole segments, is narrower. */
export const path: Rule<Several<string>> = anyOf<string>({
  takes: "an absolute path without '..', '%', '\\', ';', '?', '#' or '*'",
  read: readPath,
  write: (one) => one,
  within: (inner, outer) => covers(outer, inner),
  admits(one, actual) {
    const read = readPath(actual);
    return read !== undefined && covers(one, read);
  },
});
