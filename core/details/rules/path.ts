import { anyOf, type Several } from "./any-of.ts";
import type { Rule } from "./rule.ts";
import { hidesNoStructure, isPlainText } from "./text.ts";

/**
 * Characters that some target cuts at, expands or decodes: a web server in front (`%2e`, `;`, `?`, `#`), a shell (`*`),
 * another file system (`\`). What one reader sees as a name and the next as a step is refused.
 */
const ambiguous = /[%\\;?#*]/;

/**
 * An absolute path as POSIX resolves it: repeated slashes and `.` mean nothing, a last slash means the same directory.
 * `..` is refused and never resolved by text: behind a symbolic link `/a/link/..` is not `/a`. Two leading slashes are
 * the implementation's own (POSIX 4.13) and refused.
 * @returns the canonical path, or undefined when it is not understood
 */
function readPath(value: unknown): string | undefined {
  if (!isPlainText(value) || !value.startsWith("/") || value.startsWith("//") || ambiguous.test(value))
    return undefined;
  if (!hidesNoStructure(value)) return undefined;
  const segments = value.split("/").filter((segment) => segment !== "" && segment !== ".");
  // "..", and what other file systems trim to it
  return segments.some((segment) => /^[. ]+$/.test(segment)) ? undefined : `/${segments.join("/")}`;
}

/** Whole segments: `/a` covers `/a` and `/a/b`, not `/ab`. */
const covers = (bound: string, path: string): boolean =>
  path === bound || path.startsWith(bound === "/" ? bound : `${bound}/`);

/** `path`: this directory or file and all below it. Narrower lies below, by whole segments. */
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
