import type { Assurance } from "./assurance.ts";
import type { Grant, Principal } from "./session.ts";
import type { RegistrySnapshot } from "./snapshot.ts";

/** What is about to happen, as policies see it. One question per resource of a request. */
export interface PolicyQuestion {
  /** `open` a session, `renew` it, fetch an `access` token, `offer` a part, `redeem` an offer, or exchange downstream (`hop`). */
  readonly action: "open" | "renew" | "access" | "offer" | "redeem" | "hop";
  /** SPIFFE ID of the authenticated agent. */
  readonly agent: string;
  /** For an offer: SPIFFE ID of the agent it is held out to. */
  readonly to?: string;
  readonly principal: Principal;
  readonly grant: Grant;
  readonly depth: number;
  readonly assurance: Assurance;
  /** What the agent attested by, and what that proved. */
  readonly evidence: { readonly type: string; readonly facts: Readonly<Record<string, string>> };
  readonly build?: string;
  readonly nowSeconds: number;
  /** The agent's own word: never enough for a permit. */
  readonly asserted: { readonly purpose?: string; readonly lifetimeSeconds?: number };
}

/** Which of the three that must all be permitted was not. */
export type Missing =
  | { readonly who: "agent" | "principal" }
  | { readonly who: "task"; readonly tool: string }
  /** The question could not be asked at all: broken policies, something unregistered. */
  | { readonly who: "question" };

/** A verdict, with the names of the policies that determined it. */
export type Verdict =
  | { readonly allowed: true; readonly policies: readonly string[] }
  | { readonly allowed: false; readonly policies: readonly string[]; readonly missing: Missing; readonly why: string };

/**
 * What counts, and beside it what is only logged: the verdict that policies in log-only mode would have turned it into,
 * or the refusal that an agent in log-only mode was spared.
 */
export type PolicyDecision = Verdict & { readonly logged?: Verdict };

/** Default deny; forbid wins; an error of any policy is a deny. */
export interface PolicyEngine {
  decide(registry: RegistrySnapshot, question: PolicyQuestion): PolicyDecision;
}
