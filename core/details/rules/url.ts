import { anyOf, type Several } from "./any-of.ts";
import type { Rule } from "./rule.ts";
import { hidesNoStructure, isPlainText } from "./text.ts";

interface Place {
  /** Scheme, host and port, default port left out. */
  readonly origin: string;
  /** Canonically encoded; a last slash matters, as in HTTP. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
}

/**
 * Explicit `//`, then an authority without user name: WHATWG's parser also takes `https:host`, `https:\\host`,
 * `https://@host`.
 */
const shape = /^https?:\/\/([^/?#@\\]*[^/?#@\\:])([/?][^#\\]*)?$/i;

/**
 * Hosts that different readers take for different hosts: those with an escape or another kind of full stop, or with ß
 * or ς (one name in IDNA 2003, another in IDNA 2008; in punycode they are unambiguous).
 */
const unclearHost = /[%\u3002\uff0e\uff61ßς]/i;

/**
 * Percent-encoded, these characters are part of a name; decoded, they separate (RFC 3986 2.2). Which of the two a
 * target sees is unknown.
 */
const delimiter = /[:/?#[\]@!$&'()*+,;=%\\]/;

/**
 * A web address as WHATWG parses it: case and IDN of the host, default port and dot segments do not matter.
 * @returns its place; undefined for another scheme, a user name, a fragment, a backslash, an encoded delimiter or an
 * empty segment
 */
function readUrl(value: unknown): Place | undefined {
  if (!isPlainText(value) || /\s/.test(value)) return undefined;
  const [, authority, rest = ""] = shape.exec(value) ?? [];
  if (authority === undefined || unclearHost.test(authority) || authority.normalize("NFKC") !== authority)
    return undefined;
  // `..` after an empty segment removes that segment in WHATWG, but the one before it for servers that merge slashes
  if (rest.split("?", 1)[0]?.includes("//")) return undefined;
  const url = URL.parse(value);
  if (!url || !/^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname)) return undefined;
  // some readers take 010.0.0.1 for 8.0.0.1, others for 10.0.0.1
  if (/^[\d.]+$/.test(url.hostname) && !authority.startsWith(url.hostname)) return undefined;
  // some readers distinguish an empty query from none
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
    // ';' begins parameters that some servers remove before they resolve dots, as in /a/..;/b
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
 * `url`: this address and all below it, at the same origin, by whole segments. The query must be the same; a bound
 * without a query admits only addresses without one.
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
