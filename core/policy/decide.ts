import type { Assurance } from "../assurance.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import type { Grant, Principal } from "../session/model.ts";

/** What is about to happen, as policies see it. One question per resource of a request. */
export interface PolicyQuestion {
  /** `open` a session, fetch an `access` token, `offer` a part, `redeem` an offer, go one `hop` on. */
  readonly action: "open" | "access" | "offer" | "redeem" | "hop";
  /** SPIFFE ID of the authenticated agent. */
  readonly agent: string;
  /** For an offer: SPIFFE ID of the agent it is held out to. */
  readonly to?: string;
  readonly principal: Principal;
  readonly grant: Grant;
  readonly depth: number;
  readonly assurance: Assurance;
  readonly build?: string;
  readonly nowSeconds: number;
  /** The agent's own word: never enough for a permit. */
  readonly asserted: { readonly purpose?: string; readonly lifetimeSeconds?: number };
}

/** The verdict with the ids of the policies that determined it. */
export type PolicyDecision =
  | { readonly allowed: true; readonly policies: readonly string[] }
  | { readonly allowed: false; readonly policies: readonly string[]; readonly why: string };

/** Default deny; forbid wins; an error of any policy is a deny. */
export interface PolicyEngine {
  decide(registry: RegistrySnapshot, question: PolicyQuestion): PolicyDecision;
}
