import { trustedUrl } from "../../core/keys/issuer-url.ts";
import { limits } from "../../core/model/limits.ts";
import type { Fetcher } from "../../core/model/ports.ts";

/**
 * Fetches a root certificate that the embedded cloud made for itself, `<endpoint>/_embedded/<name>`. It exists exactly
 * where this deployment's own issuer is `http://127.0.0.1:<port>`: on AWS that cannot be, and whoever would make it so
 * has voided every token. There is no other switch: who could name a root in a
 * setting could make any image or instance.
 * @param endpoint `AWS_ENDPOINT_URL`
 * @returns undefined wherever the pinned root of AWS is to be trusted, which is everywhere else
 */
export async function embeddedRoot(
  name: string,
  place: { readonly issuer: string; readonly endpoint: string | undefined; readonly fetcher: Fetcher },
): Promise<Uint8Array | undefined> {
  const { issuer, endpoint, fetcher } = place;
  const trusted = endpoint === undefined ? undefined : trustedUrl(`${endpoint}/_embedded/${name}`, issuer);
  // trustedUrl lets http pass between two loopback addresses alone; a public https endpoint may name no root at all
  if (!trusted?.ok || trusted.value.protocol !== "http:") return undefined;
  const found = await fetcher.get(trusted.value.href, { maxBytes: 2_048, timeoutMillis: limits.fetchTimeoutMillis });
  return found.ok ? found.value.body : undefined;
}
