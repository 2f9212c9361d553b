import { limits } from "../model/limits.ts";
import type { Fetcher } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { keysUrl, trustedUrl } from "./issuer-url.ts";
import { type KeySet, readDocument, readKeySet } from "./key-set.ts";

/** A key set as fetched, and how long its server says it holds. */
interface FetchedKeys {
  readonly set: KeySet;
  readonly maxAgeSeconds?: number;
}

const bounds = { maxBytes: limits.keySetBytes, timeoutMillis: limits.fetchTimeoutMillis };

/**
 * Fetches the keys of a registered issuer, by its registered `jwksUri` or its discovery document (OpenID Connect
 * Discovery 4). Every URL is checked before it is followed; an `aws-sts` issuer's keys must stand on its own host, so
 * that no document can point elsewhere.
 * @param ownIssuer this deployment's issuer
 */
export async function fetchKeys(
  issuer: TrustedIssuerRegistration,
  fetcher: Fetcher,
  ownIssuer: string,
): Promise<Result<FetchedKeys, string>> {
  const uri = await keysUri(issuer, fetcher, ownIssuer);
  if (!uri.ok) return uri;
  const url = keysUrl(uri.value, ownIssuer);
  if (!url.ok) return err(`jwks_uri ${url.error}`);
  if (issuer.purpose === "aws-sts" && url.value.origin !== new URL(issuer.issuer).origin)
    return err("jwks_uri is not on the issuer's own host");
  const fetched = await fetcher.get(uri.value, bounds);
  if (!fetched.ok) return err(`keys: ${fetched.error.why}`);
  const set = readKeySet(fetched.value.body, issuer.algorithms);
  if (!set.ok) return err(`keys: ${set.error}`);
  const { maxAgeSeconds } = fetched.value;
  return ok({ set: set.value, ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }) });
}

async function keysUri(
  issuer: TrustedIssuerRegistration,
  fetcher: Fetcher,
  ownIssuer: string,
): Promise<Result<string, string>> {
  // with its keys elsewhere nothing is asked of the issuer itself, which need not be reachable
  if (issuer.jwksUri !== undefined) return ok(issuer.jwksUri);
  const base = trustedUrl(issuer.issuer, ownIssuer);
  if (!base.ok) return err(`issuer ${base.error}`);
  const url = `${issuer.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const fetched = await fetcher.get(url, bounds);
  if (!fetched.ok) return err(`discovery: ${fetched.error.why}`);
  const document = readDocument(fetched.value.body);
  if (!document.ok) return err(`discovery: ${document.error}`);
  // RFC 8414 3.3: a document that says it is another issuer's is not this one's (mix-up)
  if (document.value.issuer !== issuer.issuer) return err("discovery: names another issuer");
  const { jwks_uri: uri } = document.value;
  return typeof uri === "string" ? ok(uri) : err("discovery: no jwks_uri");
}
