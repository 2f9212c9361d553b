import type { AuditContext } from "../audit/context.ts";
import type { AuthenticateDeps, Caller } from "../caller/authenticate.ts";
import type { KeySets } from "../keys/key-sets.ts";
import type { PolicyEngine } from "../model/decision.ts";
import type { Ids, RateLimiter, Signer } from "../model/ports.ts";
import type { RegistrySource } from "../model/snapshot.ts";
import type { SessionStore } from "../session/store.ts";
import type { TokenRequest } from "./request.ts";

/** Everything a token request stands on; each step names the ports it uses. */
export interface TokenPorts extends AuthenticateDeps {
  readonly ids: Ids;
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly policy: PolicyEngine;
  readonly limiter: RateLimiter;
  /** Keys of other issuers, for people's tokens. */
  readonly keySets: KeySets;
  /** The session key. */
  readonly signer: Signer;
  /** Whether the stage lets resources that cannot check proofs have bearer tokens. */
  readonly bearerTokens?: boolean;
}

/** One request on its way: what is asked, by whom, and what is known of it so far. Made once, handed to every step. */
export interface TokenContext<Port extends keyof TokenPorts = keyof TokenPorts> {
  readonly request: TokenRequest;
  readonly caller: Caller;
  /** Told of what is found, so that a grant and a refusal leave the same record. */
  readonly audit: AuditContext;
  readonly ports: Pick<TokenPorts, Port>;
}
