import type { KeyLookup } from "../jwt.ts";
import type { Clock, Fetcher } from "../ports.ts";
import type { TrustedIssuerRegistration } from "../registry/model.ts";

/** Key sets of trusted issuers, cached by issuer. */
export interface KeySets {
  /** Keys of one registered issuer. */
  lookup(issuer: TrustedIssuerRegistration): KeyLookup;
}

/** What key sets need. */
export interface KeySetDeps {
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly ownIssuer: string;
}

/** Creates the cache of foreign key sets. */
export function createKeySets(_deps: KeySetDeps): KeySets {
  throw new Error("not built yet");
}
