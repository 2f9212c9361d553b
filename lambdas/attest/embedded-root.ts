import { trustedUrl } from "../../core/keys/issuer-url.ts";
import { limits } from "../../core/model/limits.ts";
import type { Fetcher } from "../../core/model/ports.ts";

/**
 * Fetches a root certificate that the embedded cloud made for itself, `<endpoint>/_embedded/<name>`. It exists only
 * where this deployment's own issuer is `http://127.0.0.1:<port>`. On AWS that is impossible, and changing the issuer
 * would make every token invalid (threat 31). There is no other switch: somebody who could name a root in a setting
 * could forge the document of any image or instance.
 * @param endpoint `AWS_ENDPOINT_URL`
 * @returns the root; undefined everywhere else, where the pinned root of AWS is trusted
 */
export async function embeddedRoot(
  name: string,
  place: { readonly issuer: string; readonly endpoint: string | undefined; readonly fetcher: Fetcher },
): Promise<Uint8Array | undefined> {
  const { issuer, endpoint, fetcher } = place;
  const trusted = endpoint === undefined ? undefined : trustedUrl(`${endpoint}/_embedded/${name}`, issuer);
  // trustedUrl accepts http only between two loopback addresses; a public https endpoint may name no root
  if (!trusted?.ok || trusted.value.protocol !== "http:") return undefined;
  const found = await fetcher.get(trusted.value.href, { maxBytes: 2_048, timeoutMillis: limits.fetchTimeoutMillis });
  return found.ok ? found.value.body : undefined;
}
