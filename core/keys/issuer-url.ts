import { err, ok, type Result } from "../model/result.ts";

const loopback = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}(?:\/[A-Za-z0-9._~/-]*)?$/;
const loopbackIssuer = /^http:\/\/127\.0\.0\.1:[1-9][0-9]{0,4}$/;
/** Dot-separated labels, at least two, the last not numeric (or it could be an address). */
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that never are a public issuer (RFC 6761, RFC 6762, RFC 8375, ICANN's reserved ones, clouds' metadata). */
const specialNames = ["localhost", "local", "internal", "intranet", "lan", "corp", "home", "arpa", "onion", "invalid"];

/** A host as a name alone: labels or one label, an IPv4 address, an IPv6 address in its one spelling; then a port. */
const namedHost = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$/;

/**
 * Decides whether a text may stand as an issuer's name. Nothing is fetched from it, so it need not be on the public web: a
 * cluster's `https://kubernetes.default.svc`, a port, a private name, an address. It is compared with `iss` byte by byte
 * (RFC 8414 2), so it is taken in its one normal form only.
 * @returns the parsed URL, or why it can be no issuer's name
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
 * The same for where keys stand, which may carry a query: Azure's `keys?appid=…`, Azure AD B2C's `keys?p=…`. It is part
 * of the registration, or of a document that was fetched from an evaluated place; the host is evaluated as everywhere.
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

/** What follows compares with the text as written: nothing may be left for the parser to repair. */
const urlText = /^[A-Za-z0-9:/._~%+=,[\]-]+$/;

/**
 * Decides whether a URL of a trusted issuer may be fetched: a registry row must not turn this function into a proxy
 * to somebody's metadata service (SSRF). The name's addresses are the fetcher's to evaluate.
 *
 * Where this deployment's own issuer is itself `http://127.0.0.1:<port>`, which only the embedded cloud can have,
 * issuers on `http://127.0.0.1:<port>` are accepted; there is no other switch (threat 31).
 * @returns the parsed URL, or why it is refused
 */
export function trustedUrl(url: string, ownIssuer: string): Result<URL, string> {
  if (url.length > 2048) return err("longer than 2048 characters");
  // the embedded cloud speaks http; on AWS the own issuer is an https name, so that no setting can open this there, and
  // who would change the issuer has voided every token (threat 31)
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
