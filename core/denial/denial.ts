import type { Missing } from "../model/decision.ts";
import type { RegistryProblem } from "../model/registry-document.ts";

/**
 * Every refusal Lanyard knows, as a value: a stable `code` and the facts an auditor needs.
 * What a caller gets to see of it is decided in one place, `denial-wire.ts`.
 */
export type Denial = Refusal & {
  /** Of a genuine token of ours that another key showed: whose it is. It rings, whatever the code (threat 41). */
  readonly owner?: TokenOwner;
};

/** Whose token it is: its agent, and its session where it is of one. */
export interface TokenOwner {
  readonly agent: string;
  readonly session?: { readonly sid: string; readonly root: string; readonly depth: number };
}

type Refusal =
  // the request's shape
  | { readonly code: "content_type_unsupported"; readonly contentType: string; readonly wanted?: "form" }
  | { readonly code: "body_too_large"; readonly bytes: number; readonly limitBytes: number }
  | { readonly code: "malformed_request"; readonly what: string }
  | { readonly code: "parameter_repeated"; readonly name: string }
  | { readonly code: "parameter_missing"; readonly name: string }
  | { readonly code: "parameter_invalid"; readonly name: string; readonly why: string }
  | { readonly code: "grant_unsupported"; readonly grantType: string }
  | { readonly code: "method_not_allowed"; readonly method: string; readonly allow: string }
  | { readonly code: "not_found"; readonly path: string }
  | { readonly code: "history_unsupported"; readonly path: string }
  // the caller's proof of key
  | { readonly code: "dpop_missing" }
  | { readonly code: "dpop_invalid"; readonly why: string }
  | { readonly code: "dpop_nonce_required"; readonly sent: "none" | "old_or_foreign" }
  | { readonly code: "dpop_replayed" }
  | { readonly code: "dpop_key_mismatch"; readonly boundTo: "identity_token" | "evidence" | "subject_token" }
  // the caller's identity token
  | { readonly code: "client_unauthenticated"; readonly why: string; readonly scheme?: string }
  | { readonly code: "client_methods_several"; readonly other: string }
  | { readonly code: "assertion_invalid"; readonly why: string }
  | { readonly code: "assertion_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "assertion_dead"; readonly subject: string }
  // attestation
  | { readonly code: "challenge_invalid"; readonly why: "malformed" | "foreign" | "expired" | "used" }
  | { readonly code: "evidence_unsupported"; readonly type: string }
  | { readonly code: "evidence_invalid"; readonly type: string; readonly check: string; readonly why: string }
  | { readonly code: "evidence_expired"; readonly type: string; readonly expiredAtSeconds: number }
  | { readonly code: "evidence_replayed"; readonly type: string }
  | { readonly code: "evidence_of_another_key"; readonly type: string }
  | { readonly code: "evidence_insufficient"; readonly type: string; readonly why: string }
  | { readonly code: "evidence_unbound"; readonly type: string; readonly field: "challenge" | "jkt" | "issuer" }
  | { readonly code: "keys_unavailable"; readonly issuer: string; readonly why: string }
  | { readonly code: "attestation_unavailable"; readonly type: string; readonly why: string }
  | { readonly code: "agent_unknown"; readonly agent: string }
  | { readonly code: "agent_inactive"; readonly agent: string; readonly state: string }
  | { readonly code: "selector_mismatch"; readonly agent: string; readonly missing: string }
  | { readonly code: "assurance_too_low"; readonly required: string; readonly actual: string }
  | { readonly code: "build_not_released"; readonly agent: string; readonly build: string }
  | { readonly code: "audience_not_registered"; readonly audience: string }
  // what is exchanged
  | { readonly code: "issuer_untrusted"; readonly issuer: string }
  | { readonly code: "subject_token_invalid"; readonly why: string }
  | { readonly code: "subject_token_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "subject_token_not_yours"; readonly why: string }
  | { readonly code: "subject_token_unbound" }
  | { readonly code: "person_token_foreign_client"; readonly client: string; readonly agent: string }
  | { readonly code: "person_groups_unknown"; readonly issuer: string; readonly why: string }
  | { readonly code: "groups_redefined"; readonly issuerName: string }
  | { readonly code: "person_token_burnt"; readonly by: "document" | "auth_time" | "sid" | "unnamed" }
  | { readonly code: "person_token_before_cut"; readonly cutAtSeconds: number }
  | { readonly code: "actor_token_mismatch"; readonly why: string }
  | { readonly code: "parent_dead"; readonly cause: DeathCause }
  | { readonly code: "offer_unknown" }
  | { readonly code: "offer_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "offer_withdrawn" }
  | { readonly code: "offer_for_another_agent"; readonly offeredTo: string; readonly agent: string }
  | { readonly code: "offer_redeemed_by_another_key" }
  | { readonly code: "offer_target_unknown"; readonly audience: string }
  | { readonly code: "offer_targets_several"; readonly count: number }
  // what is asked for
  | { readonly code: "resource_missing" }
  | { readonly code: "resource_unknown"; readonly resource: string }
  | { readonly code: "server_dead"; readonly resource: string; readonly agent: string; readonly state: string }
  | { readonly code: "resource_several"; readonly count: number; readonly limit?: number }
  | { readonly code: "bearer_not_allowed"; readonly resource: string }
  | { readonly code: "scope_missing" }
  | { readonly code: "scope_unknown"; readonly scopes: readonly string[] }
  | { readonly code: "scope_exceeds"; readonly by: ScopeBound; readonly scopes: readonly string[] }
  | { readonly code: "details_invalid"; readonly type: string; readonly why: string }
  | { readonly code: "details_exceed"; readonly type: string; readonly field: string }
  | { readonly code: "details_unmapped"; readonly type: string }
  | {
      readonly code: "details_required";
      readonly resource: string;
      readonly scopes: readonly string[];
      readonly types: readonly string[];
    }
  | { readonly code: "lifetime_exceeds"; readonly requestedSeconds: number; readonly allowedSeconds: number }
  | { readonly code: "uses_exceed"; readonly requested: number; readonly allowed: number }
  | { readonly code: "uses_not_counted"; readonly resource: string }
  | { readonly code: "uses_spent" }
  | { readonly code: "renewal_refused"; readonly why: string }
  | { readonly code: "renewal_overtaken" }
  | {
      readonly code: "token_too_large";
      readonly bytes: number;
      readonly limitBytes: number;
      /** Its actors nest deeper than is parsed. */
      readonly nests: boolean;
      readonly depth: number;
    }
  | { readonly code: "depth_exceeded"; readonly depth: number; readonly limit: number }
  | {
      readonly code: "policy_denied";
      readonly policies: readonly string[];
      readonly resource: string;
      readonly action: string;
      readonly missing: Missing;
      readonly why: string;
    }
  | { readonly code: "tree_full"; readonly root: string; readonly children: number }
  | { readonly code: "rate_exceeded"; readonly agent: string; readonly perSecond: number }
  // who may not go on
  | { readonly code: "blocked"; readonly subject: string }
  | { readonly code: "died_in_flight"; readonly cause: DeathCause }
  // introspection, revocation, administration
  | { readonly code: "not_a_resource_server"; readonly agent: string }
  | { readonly code: "not_the_owner"; readonly sid: string }
  | { readonly code: "token_not_revocable"; readonly kind: "identity" }
  | { readonly code: "cut_only_unprovable"; readonly target: string; readonly why: string }
  | {
      readonly code: "target_unknown";
      readonly target: string;
      readonly why: "foreign" | "not_registered" | "never_seen" | "never_revoked";
      /** What there is and was probably meant. */
      readonly meant?: string;
    }
  | { readonly code: "successor_missing"; readonly purpose: string; readonly algorithms: readonly string[] }
  | { readonly code: "registry_invalid"; readonly problems: readonly RegistryProblem[] }
  | { readonly code: "registry_stale"; readonly base: number; readonly applied: number }
  | { readonly code: "version_unknown"; readonly version: number }
  | { readonly code: "caller_not_authorized"; readonly why: string }
  // what is missing on our side: fail closed, ask again
  | { readonly code: "registry_unavailable"; readonly why: string }
  | { readonly code: "liveness_unavailable"; readonly why: string }
  | { readonly code: "status_unsigned"; readonly window: string };

/** Which bound a scope went over. */
export type ScopeBound = "parent" | "offer" | "registration" | "lending" | "entailment";

/** Why a session (or what stands above it) is over. */
export type DeathCause =
  | { readonly kind: "expired"; readonly atSeconds: number }
  | { readonly kind: "tombstone"; readonly sid: string }
  | { readonly kind: "ended"; readonly sid: string }
  | { readonly kind: "missing"; readonly sid: string }
  | { readonly kind: "generation"; readonly subject: string }
  | { readonly kind: "blocked"; readonly subject: string }
  | { readonly kind: "burnt" }
  | { readonly kind: "unreadable" };

/** The stable name of a refusal. */
export type DenialCode = Denial["code"];
