import { issuerName, keysUrl, trustedUrl } from "./issuer-url.ts";

/** What a registered address is compared with. */
export interface OwnAddress {
  /** The deployment's issuer. */
  readonly issuer: string;
}

const isLoopback = (url: URL): boolean =>
  ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname) || url.hostname.endsWith(".localhost");

/** Hosts of AWS STS. A token for one of them could be exchanged for AWS credentials (threats 4, 10). */
const isStsHost = (host: string): boolean =>
  /(^|\.)sts(-fips)?([.-][a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|api\.aws|amazonaws\.eu)$/.test(host.toLowerCase());

/** An absolute http(s) URL in canonical spelling. With other spellings, two registrations could name the same thing. */
const canonicalUrl = (text: string, own: OwnAddress): URL | string => {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return "must be an absolute https URL";
  const loopbackHere = isLoopback(url) && isLoopback(new URL(own.issuer));
  if (url.protocol === "http:" && !loopbackHere) return "must be https (http only on this machine, for a local issuer)";
  if (url.username !== "" || url.password !== "") return "must not carry a user name or password";
  if (text.includes("#")) return "must not have a fragment";
  if (text.includes("?")) return "must not have a query";
  if (text.includes("%")) return "must be written without percent-encoding";
  if (url.href !== text && url.href !== `${text}/`) return `must be written as ${url.href.replace(/\/$/, "")}`;
  return url;
};

/**
 * Checks a resource's URI (RFC 8707 2): absolute, no fragment, no query, one spelling; never the issuer or a path below
 * it, since its tokens could then be used as tokens for Lanyard itself (threat 14); never AWS STS (threat 4).
 * @returns what is wrong, or undefined
 */
export function resourceUriProblem(text: string, own: OwnAddress): string | undefined {
  const url = canonicalUrl(text, own);
  if (typeof url === "string") return url;
  if (isStsHost(url.hostname)) return "must not be AWS STS";
  const issuer = new URL(own.issuer);
  const base = issuer.pathname.endsWith("/") ? issuer.pathname : `${issuer.pathname}/`;
  if (url.origin === issuer.origin && `${url.pathname}/`.startsWith(base)) return "must not be the issuer or below it";
  return undefined;
}

/**
 * Checks the URL of a trusted issuer. An address that attestation would refuse to fetch is refused here already. Where
 * the issuer's keys are fetched from elsewhere, the URL is only a name.
 * @param hasKeysElsewhere whether the registration says where its keys are published
 * @returns what is wrong, or undefined
 */
export function issuerUrlProblem(text: string, own: OwnAddress, hasKeysElsewhere: boolean): string | undefined {
  const fetched = trustedUrl(text, own.issuer);
  const url = fetched.ok || !hasKeysElsewhere ? fetched : issuerName(text);
  if (!url.ok) {
    const way = issuerName(text).ok && !hasKeysElsewhere ? "; say in jwksUri where its keys are public" : "";
    return `may not be trusted: ${url.error}${way}`;
  }
  if (new URL(own.issuer).href === url.value.href) return "must not be this deployment's own issuer";
  return undefined;
}

/**
 * Checks the address an issuer's keys are fetched from. It is never our own, since our own tokens would then count as
 * that issuer's too.
 * @returns what is wrong, or undefined
 */
export function keysUrlProblem(text: string, own: OwnAddress): string | undefined {
  const url = keysUrl(text, own.issuer);
  if (!url.ok) return `may not be fetched: ${url.error}`;
  return url.value.origin === new URL(own.issuer).origin ? "must not be on this deployment's own issuer" : undefined;
}

/**
 * Checks an extra audience of an agent's identity token: it must not be a service that takes such a token for more than
 * proof of the agent's name (threat 4).
 * @returns what is wrong, or undefined
 */
export function audienceProblem(text: string): string | undefined {
  if (/^\s*https?:/i.test(text)) return "must not be a URL: a resource takes access tokens only";
  if (isStsHost(text.trim()) || /amazonaws/i.test(text)) return "must not be AWS";
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text) ? undefined : "must be printable ASCII without blanks or commas";
}

/** Audiences that many tokens have by default: anybody who is shown such a token could show it to us. */
const othersAudiences = [
  /^https:\/\/kubernetes\.default(\.|$)/,
  /^https:\/\/github\.com(\/|$)/,
  /^https:\/\/gitlab\.com(\/|$)/,
  /^api:\/\/azureadtokenexchange/i,
  /^https:\/\/(management|graph|vault|storage)\.(azure|microsoft)\.com/i,
];

/**
 * Checks the audience a workload issuer's tokens carry instead of our issuer: one value, never AWS, never one that the
 * issuer uses for itself or for everybody (threat 4: a token is for one recipient).
 * @returns what is wrong, or undefined
 */
export function foreignAudienceProblem(text: string): string | undefined {
  if (!/^[\x21-\x2b\x2d-\x7e]{1,512}$/.test(text)) return "must be one value, printable ASCII without blanks or commas";
  if (/amazonaws|api\.aws/i.test(text)) return "must not be AWS";
  if (othersAudiences.some((pattern) => pattern.test(text))) return "is the audience of tokens meant for others";
  return undefined;
}
