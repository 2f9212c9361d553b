import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyRegistration } from "../model/registry.ts";
import { type CedarModule, preparsePolicies } from "./ask.ts";
import { type Reads, readsOf } from "./reads.ts";

/** The policies that can speak of one action, kept in the wasm module. */
export interface Slice {
  /** The id they are kept by. */
  readonly policies: string;
  /** What they can see; undefined when that is not known for sure. */
  readonly reads: Reads | undefined;
}

/** A policy with its JSON form. */
export interface ParsedPolicy {
  readonly policy: PolicyRegistration;
  readonly json: cedarWasm.PolicyJson;
}

/**
 * Slices policies by action: a question is put to those alone that can apply to its action. By nothing less sure: a forbid
 * that is left out permits. Whose constraint is not read for certain stands in every slice. The schema has no groups of
 * actions, so that an action is in itself alone.
 * @param id begins the id of each slice's set: sets cannot be evicted, so the slices of a later version overwrite them
 * @returns the slice of an action, parsed when it is first asked for, or in a sentence why it cannot be
 */
export function createSlices(
  cedar: CedarModule,
  id: string,
  policies: readonly ParsedPolicy[],
): (action: string) => Slice | string {
  const byAction = new Map<string, Slice | string>();
  // where no policy names an action, all slices are one
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

/** Ids of the actions a policy can apply to, whatever their namespace; undefined for all, and for what is not read for sure. */
function namedActions(constraint: cedarWasm.ActionConstraint): ReadonlySet<string> | undefined {
  const listed = constraint.op === "in" && "entities" in constraint ? constraint.entities : undefined;
  const single =
    (constraint.op === "==" || constraint.op === "in") && "entity" in constraint ? [constraint.entity] : undefined;
  const ids = (listed ?? single)?.map((uid) => ("__entity" in uid ? uid.__entity.id : uid.id));
  return ids?.every((name) => typeof name === "string") ? new Set(ids) : undefined;
}
