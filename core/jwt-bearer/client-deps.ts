import type { UnprovenReads } from "../attest/unproven-reads.ts";
import type { AuthenticateDeps } from "../caller/authenticate.ts";
import type { KeySets } from "../keys/key-sets.ts";
import type { RegistrySource } from "../model/snapshot.ts";
import type { SessionStore } from "../session/store.ts";

/** What authenticating a client of the token endpoint needs, by whatever it authenticates. */
export interface AuthenticateClientDeps extends AuthenticateDeps {
  readonly registries: RegistrySource;
  readonly store: Pick<SessionStore, "readLiveness">;
  /** Keys of issuers of workloads' tokens. */
  readonly keySets: KeySets;
  /** Whether the stage allows bearer tokens; without them no call goes without a proof. */
  readonly bearerTokens?: boolean;
  /** Reads that refusals may still cause. */
  readonly unprovenReads: UnprovenReads;
}
