import { err, ok, type Result } from "../model/result.ts";

const loopback = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}(?:\/[A-Za-z0-9._~/-]*)?$/;
const loopbackIssuer = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}$/;
/** Dot-separated labels, at least two, the last not numeric (or it could be an address). */
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that are never a public issuer's (RFC 6761, RFC 6762, RFC 8375, ICANN's reserved ones, clouds' metadata). */
const specialNames = ["localhost", "local", "internal", "intranet", "lan", "corp", "home", "arpa", "onion", "invalid"];

/**
 * A host as a name alone: labels or one label, an IPv4 address, an IPv6 address in canonical spelling; then optionally
 * a port.
 */
const namedHost = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$/;

/**
 * Decides whether a text may be an issuer's name. Nothing is fetched from it, so it need not be on the public web: it
 * may be a cluster's `https://kubernetes.default.svc`, and have a port, a private name or an address. It is compared
 * with `iss` byte by byte (RFC 8414 2), so only its normal form is accepted.
 * @returns the parsed URL, or why it cannot be an issuer's name
 */
export function issuerName(url: string): Result<URL, string> {
  if (url.length > 512) return err("longer than 512 characters");
  if (!url.startsWith("https://")) return err("not https");
  if (!urlText.test(url)) return err("has userinfo, query, fragment or odd characters");
  const host = url.slice("https://".length).split("/", 1)[0] ?? "";
  if (!namedHost.test(host)) return err("host is not a lower-case name or address");
  return parsed(url);
}

/**
 * The same for the address of keys, which may carry a query: Azure's `keys?appid=…`, Azure AD B2C's `keys?p=…`. The
 * query comes from the registration, or from a document that was fetched from a checked address; the host is checked as
 * everywhere.
 * @returns the parsed URL, or why it is refused
 */
export function keysUrl(url: string, ownIssuer: string): Result<URL, string> {
  const at = url.indexOf("?");
  if (at < 0) return trustedUrl(url, ownIssuer);
  const [base, query] = [url.slice(0, at), url.slice(at + 1)];
  if (!/^[A-Za-z0-9._~%=&:/,+-]{1,1024}$/.test(query)) return err("has a query with odd characters");
  const place = trustedUrl(base, ownIssuer);
  if (!place.ok) return place;
  const whole = URL.parse(url);
  return whole?.href === url ? ok(whole) : err("not in normal form");
}

/** The checks below compare with the text as written, so a text that a URL parser would repair is refused. */
const urlText = /^[A-Za-z0-9:/._~%+=,[\]-]+$/;

/**
 * Decides whether a URL of a trusted issuer may be fetched. A registry row must not turn this function into a proxy to
 * a metadata service (SSRF). The addresses that the name resolves to are checked by the fetcher.
 *
 * Where this deployment's own issuer is itself `http://127.0.0.1:<port>`, which only the embedded cloud can have,
 * issuers on `http://127.0.0.1:<port>` are accepted; there is no other switch (threat 31).
 * @returns the parsed URL, or why it is refused
 */
export function trustedUrl(url: string, ownIssuer: string): Result<URL, string> {
  if (url.length > 2048) return err("longer than 2048 characters");
  // the embedded cloud speaks http. On AWS the own issuer is an https name, so no setting can enable this there, and
  // changing the issuer would make every token invalid (threat 31)
  if (loopbackIssuer.test(ownIssuer) && loopback.test(url)) return parsed(url);
  if (!url.startsWith("https://")) return err("not https");
  if (!urlText.test(url)) return err("has userinfo, query, fragment or odd characters");
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
