import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { entitiesIn, nameOf, type Reads } from "./reads.ts";
import type { CedarCall, CedarEntity } from "./requests.ts";

/**
 * Leaves of a call what policies can see: members of the context that are read by name, a principal and a resource if
 * one can be told from another, and those entities that can be reached and asked something that they know.
 * @param reads what the policies read; undefined leaves everything
 */
export function visible(call: CedarCall, reads: Reads | undefined): CedarCall {
  if (!reads) return call;
  const { action } = call;
  const principal = reads.principal ? call.principal : nobody(call.principal);
  const resource = reads.resource ? call.resource : nobody(call.resource);
  const context = reads.wholeContext
    ? call.context
    : Object.fromEntries(Object.entries(call.context).filter(([name]) => reads.names.has(name)));
  return {
    principal,
    action,
    resource,
    context,
    entities: reachable({ ...call, principal, resource, context }, reads),
  };
}

/** Stands for whichever of a type: what is never looked at needs no name. */
const nobody = ({ type }: cedarWasm.TypeAndId): cedarWasm.TypeAndId => ({ type, id: "" });

/**
 * An expression gets at an entity by the variables, by the context, by naming it, or by what such an entity refers to; and
 * it learns of it only what it can ask.
 */
function reachable({ principal, resource, context, entities }: CedarCall, reads: Reads): readonly CedarEntity[] {
  const telling = new Map(entities.filter((it) => tells(it, reads)).map((it) => [nameOf(it.uid), it]));
  const reached = new Set([nameOf(principal), nameOf(resource), ...entitiesIn(context), ...reads.named]);
  // a set is walked in the order of insertion, what is added on the way included
  for (const name of reached) {
    const it = telling.get(name);
    for (const next of it ? [...entitiesIn(it.attrs), ...it.parents.map(nameOf)] : []) reached.add(next);
  }
  return [...telling.values()].filter(({ uid }) => reached.has(nameOf(uid)));
}

/** Whether an entity knows anything that is asked: an attribute by that name, what it is in, or its tags. */
const tells = ({ attrs, parents, tags }: CedarEntity, reads: Reads): boolean =>
  Object.keys(attrs).some((name) => reads.names.has(name)) ||
  (reads.hierarchy && parents.length > 0) ||
  (reads.tags && tags !== undefined);
