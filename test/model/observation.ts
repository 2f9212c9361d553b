import type { AgentName, Person, Resource, Scope } from "./state.ts";

/** What an answer shows of itself, in the model's words. */
export type Observation =
  | { readonly kind: "denied" }
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
