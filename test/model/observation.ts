import type { AgentName, Person, Resource, Scope } from "./state.ts";

/** Errors of what waits for people, beside that it still does. */
export type WaitError = "slow_down" | "access_denied" | "expired_token" | "approval_stale";

/** What an answer shows of itself, in the model's words. */
export type Observation =
  /** By which error of CIBA something that waits is refused, and by no other. */
  | { readonly kind: "denied"; readonly error?: WaitError }
  /** People are asked; which approval it is, and until when. */
  | { readonly kind: "waits"; readonly approval: number; readonly expiresInSeconds: number }
  | { readonly kind: "done" }
  | { readonly kind: "identity"; readonly build?: string }
  | { readonly kind: "active"; readonly active: boolean }
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
