import type { Registration } from "../../../core/model/registry.ts";
import { createGround, type Ground } from "./ground.ts";

/** Something a world can do: the rows it needs in the registry, and what it opens on the ground. */
export interface Ability<Can extends object> {
  readonly rows?: readonly Registration[];
  open(ground: Ground): Can | Promise<Can>;
}

/** A world that can do this: `World<Tokens>`, `World<Tokens & Attests>`. */
export type World<Can = unknown> = Ground & Can;

/** What all of these abilities can do together. */
type Joined<All> = All extends readonly [Ability<infer Can>, ...infer Rest] ? Can & Joined<Rest> : unknown;

/**
 * A deployment in memory, with real keys and signatures and a clock that only tests move. It can do what it is given,
 * all on one ground: the store, registry, clock and keys are the same for each ability.
 * @param rows the registry, beyond the base rows or in their place
 * @param abilities what the test needs: `tokens`, `attests()`, `rings()`
 */
export async function createWorld<const All extends readonly Ability<object>[]>(
  rows: readonly Registration[],
  ...abilities: All
): Promise<World<Joined<All>>> {
  const needed = abilities.flatMap((ability) => ability.rows ?? []);
  const ground = await createGround(needed, rows);
  const parts: readonly object[] = [ground, ...(await Promise.all(abilities.map((ability) => ability.open(ground))))];
  const names = parts.flatMap((part) => Object.keys(part));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`two parts of this world are called ${twice}`);
  return Object.assign({}, ...parts) as World<Joined<All>>;
}
