import type { AgentName, Person, Resource, Scope } from "./state.ts";

/** Errors of what waits for people, beside that it still does. */
export type WaitError = "slow_down" | "access_denied" | "expired_token" | "approval_stale";

/** What a server is told that would have been told yes but for a budget. */
export interface Told {
  readonly error: "budget_spent" | "cost_required";
  readonly budget: string;
  readonly of?: string;
  readonly what?: string;
  readonly left?: number;
  readonly renews?: number;
}

/** What an answer shows of itself, in the model's words. */
export type Observation =
  /** By which error of CIBA something that waits is refused, and by no other. */
  | { readonly kind: "denied"; readonly error?: WaitError }
  /** People are asked; which approval it is, and until when. */
  | { readonly kind: "waits"; readonly approval: number; readonly expiresInSeconds: number }
  | { readonly kind: "done" }
  | { readonly kind: "identity"; readonly build?: string }
  | {
      readonly kind: "active";
      readonly active: boolean;
      /** Of a refusal by a budget: what is left. */
      readonly told?: Told;
      /** The cost was reserved, to be settled. */
      readonly reported?: true;
    }
  /** By how much a call did cost more than was reserved. */
  | { readonly kind: "settled"; readonly exceeds: number }
  | { readonly kind: "offer"; readonly scopes: readonly Scope[]; readonly expiresInSeconds: number }
  | {
      readonly kind: "token";
      /** Which session it belongs to. */
      readonly session: number;
      readonly resource?: Resource;
      readonly scopes: readonly Scope[];
      readonly principal: Person | AgentName;
      /** Current agent first. */
      readonly chain: readonly AgentName[];
      readonly endsSeconds: number;
    };

export const denied: Observation = { kind: "denied" };
export const done: Observation = { kind: "done" };
