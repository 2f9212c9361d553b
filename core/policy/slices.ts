import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyRegistration } from "../model/registry.ts";
import { type CedarModule, preparsePolicies } from "./ask.ts";
import { type Reads, readsOf } from "./reads.ts";

/** The policies that can apply to one action, kept in the wasm module. */
export interface Slice {
  /** The id under which the wasm module keeps them. */
  readonly policies: string;
  /** What they can read; undefined when that is not certain. */
  readonly reads: Reads | undefined;
}

/** A policy with its JSON form. */
export interface ParsedPolicy {
  readonly policy: PolicyRegistration;
  readonly json: cedarWasm.PolicyJson;
}

/**
 * Slices policies by action, so that a question is put only to the policies that can apply to its action. Nothing else
 * is a reason to leave a policy out, since leaving out a forbid would permit. A policy whose constraint is not
 * understood with certainty is in every slice. The schema has no groups of actions, so an action is a member of nothing
 * but itself.
 * @param id prefix for the ids of the slices' sets: sets cannot be removed, so the slices of a later version overwrite
 * them
 * @returns the slice of an action, parsed on first use, or in a sentence why it cannot be
 */
export function createSlices(
  cedar: CedarModule,
  id: string,
  policies: readonly ParsedPolicy[],
): (action: string) => Slice | string {
  const byAction = new Map<string, Slice | string>();
  // where no policy names an action, all actions have the same slice
  const byPolicies = new Map<string, Slice | string>();
  const make = (action: string): Slice | string => {
    const speaking = policies.filter(({ json }) => namedActions(json.action)?.has(action) ?? true);
    const key = JSON.stringify(speaking.map(({ policy }) => policy.name));
    const made = byPolicies.get(key) ?? keep(`${id}-${action}`, speaking);
    byPolicies.set(key, made);
    return made;
  };
  const keep = (setId: string, speaking: readonly ParsedPolicy[]): Slice | string => {
    const problem = preparsePolicies(
      cedar,
      setId,
      speaking.map(({ policy }) => policy),
    );
    return problem ?? { policies: setId, reads: readsOf(speaking.map(({ json }) => json)) };
  };
  return (action) => {
    const slice = byAction.get(action) ?? make(action);
    byAction.set(action, slice);
    return slice;
  };
}

/**
 * Ids of the actions a policy can apply to, in any namespace; undefined for all actions, and for a constraint that is
 * not understood with certainty.
 */
function namedActions(constraint: cedarWasm.ActionConstraint): ReadonlySet<string> | undefined {
  const listed = constraint.op === "in" && "entities" in constraint ? constraint.entities : undefined;
  const single =
    (constraint.op === "==" || constraint.op === "in") && "entity" in constraint ? [constraint.entity] : undefined;
  const ids = (listed ?? single)?.map((uid) => ("__entity" in uid ? uid.__entity.id : uid.id));
  return ids?.every((name) => typeof name === "string") ? new Set(ids) : undefined;
}
