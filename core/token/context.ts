import type { ApprovalRequests } from "../approvals/store.ts";
import type { AuditContext, FactsSoFar } from "../audit/context.ts";
import type { Recorder } from "../audit/record.ts";
import type { Caller } from "../caller/authenticate.ts";
import type { AuthenticateClientDeps } from "../jwt-bearer/client-deps.ts";
import type { PolicyEngine } from "../model/decision.ts";
import type { Ids, RateLimiter, Signer } from "../model/ports.ts";
import type { SessionStore } from "../session/store.ts";
import type { TokenRequest } from "./request.ts";

/** All ports of the token endpoint; each step names those it uses. */
export interface TokenPorts extends Omit<AuthenticateClientDeps, "store" | "unprovenReads"> {
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly store: SessionStore;
  readonly policy: PolicyEngine;
  readonly limiter: RateLimiter;
  /** The session key. */
  readonly signer: Signer;
  /** Where requests wait for people, loaded when it is first needed; left out where the stage asks nobody. */
  readonly approvals?: () => Promise<ApprovalRequests>;
  /** Accounts whose roles agents may take by themselves; left out where the stage gives no tokens for AWS. */
  readonly awsAccounts?: readonly string[];
}

/** One request: what is asked, by whom, and what is known of it so far. It is made once and passed to every step. */
export interface TokenContext<Port extends keyof TokenPorts = keyof TokenPorts> {
  readonly request: TokenRequest;
  readonly caller: Caller;
  /** Receives what is found, so that a grant and a refusal are recorded with the same facts. */
  readonly audit: AuditContext;
  readonly ports: Pick<TokenPorts, Port>;
}

/** What the record of an authenticated request holds from the start. */
export const factsOfAsked = (caller: Caller, request: TokenRequest): Partial<FactsSoFar> => ({
  agent: caller.agent,
  ...(caller.jkt === undefined ? {} : { jkt: caller.jkt }),
  ...(caller.again ? { evidenceType: caller.identity.evidence.type, evidence: caller.identity.evidence.facts } : {}),
  assurance: caller.identity.assurance,
  ...(caller.identity.build === undefined ? {} : { build: caller.identity.build }),
  ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
  ...(request.audience === undefined ? {} : { offeredTo: request.audience.slice(0, 200) }),
  requested: {
    resources: request.resources.map((resource) => resource.slice(0, 200)),
    scopes: request.scopes.map((scope) => scope.slice(0, 100)),
  },
});
