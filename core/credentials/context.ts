import type { AuditContext } from "../audit/context.ts";
import type { Recorder } from "../audit/record.ts";
import type { AuthenticateDeps, Caller } from "../caller/authenticate.ts";
import type { PolicyEngine } from "../model/decision.ts";
import type { Ids, RateLimiter } from "../model/ports.ts";
import type { RegistrySource } from "../model/snapshot.ts";
import type { SessionStore } from "../session/store.ts";
import type { TokenRequest } from "../token/request.ts";
import type { Sts } from "./sts.ts";

/** Everything a request for credentials of AWS stands on. */
export interface CredentialsPorts extends AuthenticateDeps {
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly policy: PolicyEngine;
  readonly limiter: RateLimiter;
  readonly sts: Sts;
  /** Name of the deployment: roles let in one deployment by it and its trust domain. */
  readonly stage: string;
  /** Accounts whose roles the stage lends. */
  readonly accounts: readonly string[];
  /** How long credentials live, in seconds. */
  readonly lifeSeconds: number;
}

/** One request on its way. */
export interface CredentialsContext {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly audit: AuditContext;
  readonly ports: CredentialsPorts;
}
