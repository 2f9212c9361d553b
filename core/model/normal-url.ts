/** An http address in the one spelling that all its equivalent spellings share. */
interface NormalUrl {
  /** Scheme, host and port, in lower case and without a default port. */
  readonly origin: string;
  /** Begins with a slash. */
  readonly path: string;
}

/** RFC 3986 2.3: characters that mean the same escaped and unescaped. */
const unreserved = /^[A-Za-z0-9._~-]$/;

/**
 * Normalizes an address by RFC 3986 6.2.2 and 6.2.3: case of scheme, host and escapes, unreserved characters decoded,
 * dot segments removed, default port and empty path. A reserved character and its escape stay different: `%2F` is not a
 * slash. Query and fragment are not compared (RFC 9449 4.3, check 9).
 * @returns undefined for a text that is no http address, that names a user, or that two programs would read
 * differently: a URL parser drops tabs and turns backslashes into slashes, a router in front of it does not
 */
export function normalUrl(text: string): NormalUrl | undefined {
  const [address = ""] = text.split(/[?#]/, 1);
  const [, authority] = /^https?:\/\/([^/]+)/i.exec(address) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
  if (authority === undefined || authority.includes("@") || /[\x00-\x20\x7f\\]/.test(address)) return undefined;
  const url = URL.parse(address);
  return url ? { origin: url.origin, path: normalPath(url.pathname) } : undefined;
}

/** Whether two addresses name the same resource; an address that cannot be normalized equals no other. */
export function sameUrl(one: string, other: string): boolean {
  const a = normalUrl(one);
  if (one === other || a === undefined) return a !== undefined;
  const b = normalUrl(other);
  return b !== undefined && a.origin === b.origin && a.path === b.path;
}

/** Expects the path of a parsed URL, which has no dot segments left. */
function normalPath(path: string): string {
  // half an escape means nothing. Decoding a character beside it could complete it, and two different addresses would
  // become one
  if (/%(?![0-9a-f]{2})/i.test(path)) return path;
  const decoded = path.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return unreserved.test(character) ? character : escaped.toUpperCase();
  });
  // URL parsers differ in which of the characters that are illegal in a path they escape
  return decoded.replace(/["<>[\]^`{|}]/g, encodeURIComponent);
}
