import { err, ok, type Result } from "../result.ts";

const loopback = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}(?:\/[A-Za-z0-9._~/-]*)?$/;
const loopbackIssuer = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}$/;
/** Dot-separated labels, at least two, the last not numeric (or it could be an address). */
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that never are a public issuer (RFC 6761, RFC 6762, RFC 8375, ICANN's reserved ones, clouds' metadata). */
const specialNames = ["localhost", "local", "internal", "intranet", "lan", "corp", "home", "arpa", "onion", "invalid"];

/**
 * Decides whether a URL of a trusted issuer may be fetched: a registry row must not turn this function into a proxy
 * to somebody's metadata service (SSRF). The name's addresses are the fetcher's to judge.
 *
 * Where this deployment's own issuer is itself `http://127.0.0.1:<port>`, which only the embedded cloud can have,
 * issuers on `http://127.0.0.1:<port>` are accepted; there is no other switch (threat 31).
 * @returns the parsed URL, or why it is refused
 */
export function trustedUrl(url: string, ownIssuer: string): Result<URL, string> {
  if (url.length > 2048) return err("longer than 2048 characters");
  if (loopbackIssuer.test(ownIssuer) && loopback.test(url)) return parsed(url);
  if (!url.startsWith("https://")) return err("not https");
  // what follows compares with the text as written: nothing may be left for the parser to repair
  if (!/^[A-Za-z0-9:/._~%+=,-]+$/.test(url)) return err("has userinfo, query, fragment or odd characters");
  const host = url.slice("https://".length).split("/", 1)[0] ?? "";
  if (host.includes(":")) return err("has a port");
  if (!hostName.test(host) || host.length > 253) return err("host is not a plain lower-case public name");
  const labels = host.split(".");
  const special = specialNames.find((name) => labels[labels.length - 1] === name);
  return special === undefined ? parsed(url) : err(`names under .${special} are not public`);
}

function parsed(url: string): Result<URL, string> {
  const value = URL.parse(url);
  if (!value) return err("not a URL");
  const path = value.pathname === "/" && !url.endsWith("/") ? "" : value.pathname;
  return `${value.origin}${path}` === url ? ok(value) : err("not in normal form");
}
