import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { entitiesIn, nameOf, type Reads } from "./reads.ts";
import type { CedarCall, CedarEntity } from "./requests.ts";

/**
 * Reduces a call to what policies can read: members of the context that are read by name; a principal and a resource if
 * a policy can tell one from another; and entities that a policy can reach and ask for something they have.
 * @param reads what the policies read; undefined keeps everything
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

/** Stands for any entity of a type whose name no policy reads. */
const nobody = ({ type }: cedarWasm.TypeAndId): cedarWasm.TypeAndId => ({ type, id: "" });

/**
 * An expression reaches an entity by a variable, by the context, by its literal name, or by what such an entity refers
 * to. It learns from the entity only what an expression can ask for.
 */
function reachable({ principal, resource, context, entities }: CedarCall, reads: Reads): readonly CedarEntity[] {
  const telling = new Map(entities.filter((it) => tells(it, reads)).map((it) => [nameOf(it.uid), it]));
  const reached = new Set([nameOf(principal), nameOf(resource), ...entitiesIn(context), ...reads.named]);
  // a set is walked in the order of insertion, including members added during the walk
  for (const name of reached) {
    const it = telling.get(name);
    for (const next of it ? [...entitiesIn(it.attrs), ...it.parents.map(nameOf)] : []) reached.add(next);
  }
  return [...telling.values()].filter(({ uid }) => reached.has(nameOf(uid)));
}

/** Whether an entity has anything that a policy asks for: an attribute of that name, parents, or tags. */
const tells = ({ attrs, parents, tags }: CedarEntity, reads: Reads): boolean =>
  Object.keys(attrs).some((name) => reads.names.has(name)) ||
  (reads.hierarchy && parents.length > 0) ||
  (reads.tags && tags !== undefined);
