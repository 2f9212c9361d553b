/**
 * Resolves CloudFormation templates across stacks: every intrinsic the stacks use, answered from one world of
 * physical names. What it does not know it refuses, so that a new kind of resource is never half emulated.
 */
import type { Stack, TemplateResource } from "./assembly.ts";
import { condition, evaluate, type Physical, text, type World } from "./intrinsics.ts";

export type { Physical } from "./intrinsics.ts";

/** A resource of some stack, with its properties resolved on demand. */
export interface Resource {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  /** Properties as written; use `Cloud.properties` for resolved ones. */
  readonly raw: Record<string, unknown>;
}

/** Gives a resource its physical face; `property` resolves one of its own properties (a name, say). */
export type Naming = (resource: Resource, property: (name: string) => unknown) => Physical;

/** Every stack of the assembly, resolvable. */
export interface Cloud {
  /** All resources whose condition holds, in the order of the templates. */
  readonly resources: readonly Resource[];
  ofType(...types: string[]): Resource[];
  physical(resource: Resource): Physical;
  /** The resource's properties with every intrinsic resolved; `AWS::NoValue` members are left out. */
  properties(resource: Resource): Record<string, unknown>;
  /** All outputs of all stacks by output name; a name that two stacks use is prefixed with its stack's from the second on. */
  outputs(): Record<string, string>;
}

type Json = Record<string, unknown>;

/**
 * Joins the stacks into one resolvable cloud.
 * @param stacks every stack of the assembly, since they refer to each other
 * @param naming physical names and attributes by resource type
 * @returns the cloud; resolving throws on an unknown intrinsic, attribute, resource or export
 */
export function resolveStacks(stacks: readonly Stack[], naming: Naming): Cloud {
  const known = new Map<string, Physical>();
  const find = (stack: Stack, logicalId: string): Resource => {
    const resource = stack.template.Resources?.[logicalId];
    if (resource === undefined) throw new Error(`${stack.name} refers to "${logicalId}", which it does not hold`);
    return resourceOf(stack, logicalId, resource);
  };
  const physical = (resource: Resource): Physical => {
    const key = `${resource.stack.name}/${resource.logicalId}`;
    const made = known.get(key) ?? naming(resource, (name) => evaluate(world, resource.stack, resource.raw[name]));
    known.set(key, made);
    return made;
  };

  const world: World = { stacks, physical: (stack, logicalId) => physical(find(stack, logicalId)) };
  const resources = stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources ?? {})
      .filter(([, { Condition: name }]) => name === undefined || condition(world, stack, name))
      .map(([logicalId, resource]) => resourceOf(stack, logicalId, resource)),
  );
  return {
    resources,
    ofType: (...types) => resources.filter(({ type }) => types.includes(type)),
    physical,
    properties: ({ stack, raw }) => evaluate(world, stack, raw) as Json,
    outputs: () => outputsOf(world),
  };
}

function outputsOf(world: World): Record<string, string> {
  const all: Record<string, string> = {};
  for (const stack of world.stacks) {
    for (const [name, { Value }] of Object.entries(stack.template.Outputs ?? {})) {
      all[name in all ? `${stack.name}.${name}` : name] = text(evaluate(world, stack, Value));
    }
  }
  return all;
}

function resourceOf(stack: Stack, logicalId: string, resource: TemplateResource): Resource {
  return { stack, logicalId, type: resource.Type, raw: resource.Properties ?? {} };
}
