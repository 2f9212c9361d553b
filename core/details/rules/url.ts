import { anyOf, type Several } from "./any-of.ts";
import type { Rule } from "./rule.ts";
import { hidesNoStructure, isPlainText } from "./text.ts";

interface Place {
  /** Scheme, host and port, default port left out. */
  readonly origin: string;
  /** Canonically encoded; a last slash counts, as it does in HTTP. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
}

/** Explicit `//`, then an authority without user name: WHATWG also takes `https:host`, `https:\\host`, `https://@host`. */
const shape = /^https?:\/\/([^/?#@\\]*[^/?#@\\:])([/?][^#\\]*)?$/i;

/**
 * Hosts that readers take for different ones: an escape or another full stop in it, ß and ς (one name in IDNA 2003,
 * another in IDNA 2008; in punycode they are clear).
 */
const unclearHost = /[%\u3002\uff0e\uff61ßς]/i;

/** Encoded, these stand for themselves in a name; decoded, they part it (RFC 3986 2.2): nobody knows what a target sees. */
const delimiter = /[:/?#[\]@!$&'()*+,;=%\\]/;

/**
 * A web address as WHATWG parses it: case and IDN of the host, default port and dot segments mean nothing.
 * @returns its place, or undefined: no http(s), user name, fragment, backslash, encoded delimiter, empty segment
 */
function readUrl(value: unknown): Place | undefined {
  if (!isPlainText(value) || /\s/.test(value)) return undefined;
  const [, authority, rest = ""] = shape.exec(value) ?? [];
  if (authority === undefined || unclearHost.test(authority) || authority.normalize("NFKC") !== authority)
    return undefined;
  // a step up from an empty segment leaves it to WHATWG, and the segment before it to whoever merges slashes
  if (rest.split("?", 1)[0]?.includes("//")) return undefined;
  const url = URL.parse(value);
  if (!url || !/^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname)) return undefined;
  // 010.0.0.1 is 8.0.0.1 to some and 10.0.0.1 to others
  if (/^[\d.]+$/.test(url.hostname) && !authority.startsWith(url.hostname)) return undefined;
  // an empty query is one text to some readers and none to others
  if (value.includes("?") && url.search === "") return undefined;
  const segments = url.pathname.split("/").slice(1);
  const names = segments.map((segment, i) => (segment === "" && i === segments.length - 1 ? "" : readSegment(segment)));
  if (names.includes(undefined)) return undefined;
  return { origin: url.origin, path: `/${names.join("/")}`, query: url.search };
}

/** One path segment in its canonical encoding: `%41` is `A` (RFC 3986 6.2.2.2), `%2f` is refused. */
function readSegment(segment: string): string | undefined {
  const encoded = segment.match(/(%[0-9a-f]{2})+/gi) ?? [];
  try {
    if (encoded.some((triplets) => delimiter.test(decodeURIComponent(triplets)))) return undefined;
    const name = decodeURIComponent(segment);
    // ';' starts parameters that some servers cut off before they resolve dots: /a/..;/b
    if (/[;*[\]]/.test(name) || /^[. ]*$/.test(name) || !isPlainText(name)) return undefined;
    if (!hidesNoStructure(name)) return undefined;
    return encodeURI(name);
  } catch {
    return undefined;
  }
}

const covers = (bound: Place, place: Place): boolean =>
  bound.origin === place.origin &&
  bound.query === place.query &&
  (bound.path === place.path || place.path.startsWith(bound.path.endsWith("/") ? bound.path : `${bound.path}/`));

/**
 * `url`: this place and all below it, at the same origin, by whole segments. A query must be the same; a bound without
 * one admits none.
 */
export const url: Rule<Several<Place>> = anyOf<Place>({
  takes: "an http(s) URL without user name, fragment, backslash or encoded delimiter",
  read: readUrl,
  write: ({ origin, path, query }) => `${origin}${path}${query}`,
  within: (inner, outer) => covers(outer, inner),
  admits(one, actual) {
    const place = readUrl(actual);
    return place !== undefined && covers(one, place);
  },
});
