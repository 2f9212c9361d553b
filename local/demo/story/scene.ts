import type { Cast } from "./cast.ts";
import type { Refused } from "./refusal.ts";
import type { Teller } from "./step.ts";
import type { World } from "./world.ts";

/** What the steps leave behind for the audit to be held against. */
export interface Traces {
  /** Every refusal that must stand in the bucket, with the step it belongs to. */
  readonly refusals: { readonly step: string; readonly refused: Refused }[];
  /** Id of a principal, or name of a session at AWS → a name for people. */
  readonly names: Record<string, string>;
  /** Root sessions of this run. */
  readonly roots: string[];
}

/** Everything an act of the story needs. */
export interface Scene {
  readonly teller: Teller;
  readonly world: World;
  readonly cast: Cast;
  readonly traces: Traces;
}

/** A step that somebody is to be refused in. */
interface RefusedStep {
  readonly name: string;
  readonly says: (refused: Refused) => string;
  readonly run: () => Promise<Refused>;
}

/** A step whose success is a refusal; it is remembered for the audit. */
export function refusedStep({ teller, traces }: Scene, { name, says, run }: RefusedStep): Promise<Refused> {
  return teller.step(name, async () => {
    const refused = await run();
    traces.refusals.push({ step: name, refused });
    return { says: says(refused), facts: { refused }, value: refused };
  });
}
