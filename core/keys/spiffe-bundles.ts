import type { KeyLookup } from "../jose/jwt.ts";
import { limits } from "../model/limits.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { createCache, type Fetched, type FetchFault, type Taken } from "./cache.ts";
import { trustedUrl } from "./issuer-url.ts";
import { type KeySetDeps, registeredLookup } from "./key-sets.ts";
import { readSpiffeBundle, type SpiffeBundle } from "./spiffe-bundle.ts";

/** Trust bundles of federated SPIFFE trust domains, cached by trust domain. */
export interface SpiffeBundles {
  /** JWT authorities of one registered trust domain, by exact `kid` and an algorithm it is registered for. */
  lookup(domain: TrustedIssuerRegistration): KeyLookup;
  /**
   * The bundle itself.
   * @param wanted whether the held bundle is enough; if not, a newer one is fetched, unless the last fetch was too
   * recent
   */
  take(domain: TrustedIssuerRegistration, wanted: (bundle: SpiffeBundle) => boolean): Promise<Taken<SpiffeBundle>>;
}

/**
 * Creates the cache of SPIFFE trust bundles (SPIFFE Federation 5.2.1, profile https_web). A bundle belongs to the
 * registered trust domain and is fetched from the registered endpoint: no SVID can choose whose keys are tried or where
 * they are fetched. The refresh hint is followed within bounds. A bundle older than the held one is refused (rollback),
 * by its sequence number or, where it has none, because it brings back an authority that was withdrawn. A bundle
 * without keys revokes all of them.
 */
export function createSpiffeBundles(deps: KeySetDeps): SpiffeBundles {
  const cache = createCache<TrustedIssuerRegistration, HeldBundle>({
    clock: deps.clock,
    name: (domain) => JSON.stringify([domain.issuer, domain.jwksUri ?? ""]),
    bring: (domain, held) => fetchBundle(domain, held, deps),
  });
  return {
    take: (domain, wanted) => cache.take(domain, wanted),
    lookup: (domain) =>
      registeredLookup(domain, async (kid) => {
        const { value, failure } = await cache.take(domain, (bundle) => kid !== undefined && bundle.jwtKeys.has(kid));
        return { ...(value ? { value: value.jwtKeys } : {}), ...(failure === undefined ? {} : { failure }) };
      }),
  };
}

/** A bundle together with the authorities that earlier bundles had and a later one left out. */
interface HeldBundle extends SpiffeBundle {
  readonly withdrawn: ReadonlySet<string>;
}

/** Most authorities of one domain that are remembered as withdrawn; beyond it the oldest are forgotten. */
const withdrawnMax = 1_000;

function withdrawnBy(authorities: ReadonlySet<string>, held: HeldBundle | undefined): ReadonlySet<string> {
  const gone = [...(held?.authorities ?? [])].filter((name) => !authorities.has(name));
  return new Set([...(held?.withdrawn ?? []), ...gone].slice(-withdrawnMax));
}

async function fetchBundle(
  domain: TrustedIssuerRegistration,
  held: HeldBundle | undefined,
  deps: KeySetDeps,
): Promise<Result<Fetched<HeldBundle>, FetchFault>> {
  if (domain.purpose !== "spiffe" || domain.jwksUri === undefined) return err({ why: "no bundle endpoint" });
  const url = trustedUrl(domain.jwksUri, deps.ownIssuer);
  if (!url.ok) return err({ why: `bundle endpoint ${url.error}` });
  const bounds = { maxBytes: limits.bundleBytes, timeoutMillis: limits.fetchTimeoutMillis };
  const fetched = await deps.fetcher.get(domain.jwksUri, bounds);
  if (!fetched.ok) return err({ why: `bundle: ${fetched.error.why}` });
  const bundle = readSpiffeBundle(fetched.value.body);
  if (!bundle.ok) return err({ ...bundle.error, why: `bundle: ${bundle.error.why}` });
  // an old bundle may contain a key that was withdrawn since because it was stolen
  if (held?.sequence !== undefined && (bundle.value.sequence ?? -1) < held.sequence)
    return err({ why: "bundle: older than the one held" });
  const { authorities, sequence, refreshSeconds } = bundle.value;
  // without a sequence number, an older bundle is recognized by a withdrawn authority in it
  if (sequence === undefined && [...authorities].some((name) => held?.withdrawn.has(name)))
    return err({ why: "bundle: brings back an authority that was withdrawn, and has no spiffe_sequence" });
  return ok({ value: { ...bundle.value, withdrawn: withdrawnBy(authorities, held) }, ageSeconds: refreshSeconds });
}
