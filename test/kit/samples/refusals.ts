import type { VerifyRefusal } from "../../../core/verify/refusal.ts";

/** One refusal of a resource server of every code; a new code without one does not compile. */
export const refusals: { readonly [C in VerifyRefusal["code"]]: Extract<VerifyRefusal, { code: C }> } = {
  credentials_missing: { code: "credentials_missing" },
  credentials_malformed: { code: "credentials_malformed", why: "why" },
  bearer_not_accepted: { code: "bearer_not_accepted" },
  token_invalid: { code: "token_invalid", why: "secret-reason" },
  token_expired: { code: "token_expired", expiredAtSeconds: 1 },
  claims_invalid: { code: "claims_invalid", claim: "secret-reason" },
  proof_missing: { code: "proof_missing" },
  proof_invalid: { code: "proof_invalid", why: "secret-reason" },
  proof_nonce_required: { code: "proof_nonce_required", sent: "none" },
  proof_key_mismatch: { code: "proof_key_mismatch" },
  proof_replayed: { code: "proof_replayed" },
  status_uri_foreign: { code: "status_uri_foreign", uri: "secret-reason" },
  status_index_invalid: { code: "status_index_invalid", why: "secret-reason" },
  session_over: { code: "session_over", by: "status_list" },
  session_cut: { code: "session_cut", subject: "agent" },
  scope_insufficient: { code: "scope_insufficient", required: ["tickets:write"], missing: ["tickets:write"] },
  details_forbid: { code: "details_forbid", type: "customer-record", field: "secret-reason", why: "secret-reason" },
  budget_spent: {
    ...{ code: "budget_spent", budget: "secret-reason", of: "person", what: "EUR", left: 7 },
    renewsAtSeconds: 1_785_546_000,
  },
  cost_required: { code: "cost_required", budget: "secret-reason", currency: "EUR" },
  keys_unavailable: { code: "keys_unavailable", why: "secret-reason" },
  status_unavailable: { code: "status_unavailable", why: "secret-reason" },
  cuts_unavailable: { code: "cuts_unavailable", why: "secret-reason" },
  introspection_unavailable: { code: "introspection_unavailable", why: "secret-reason" },
  replay_store_unavailable: { code: "replay_store_unavailable", why: "secret-reason" },
};
