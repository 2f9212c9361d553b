/** An agent that finds out by itself where it runs and what it can prove there. */

import { type Assurance, assuranceReaches } from "../core/model/assurance.ts";
import { type AgentInput, createAgent, type LanyardAgent } from "./agent/agent.ts";
import { EvidenceError } from "./error.ts";
import { type KindInput, kindsOf } from "./start/kinds.ts";
import { ownSurroundings, type Place, placesIn, type Surroundings } from "./start/place.ts";
import { strongestOf } from "./start/strongest.ts";

export type { KindInput, Place, Surroundings };

/** Input of {@link Agent.start}: that of `createAgent` without evidence, and what a place cannot be asked. */
export interface StartInput extends Omit<AgentInput, "evidence">, Omit<KindInput, "fetch"> {
  /**
   * Kinds of evidence that may be shown, of those that the place offers; all when left out. Name the registered one and
   * an agent shows no other first, whose refusal the audit would keep.
   */
  readonly evidence?: readonly string[];
  /** Nothing weaker is shown, whatever the registration admits; `document` when left out. */
  readonly minimumAssurance?: Assurance;
  /** What the process sees of its place; its own when left out. */
  readonly surroundings?: Surroundings;
}

/** An agent that has attested. */
export interface StartedAgent extends LanyardAgent {
  /** Every place that was found. */
  readonly places: readonly Place[];
  /** The kind of evidence that was accepted, and is shown from now on. */
  readonly evidence: string;
  readonly assurance: string;
}

/** Agents by where they run. */
export const Agent: {
  /**
   * Finds out where the process runs, and attests by the strongest evidence of that place that the registration admits.
   * `await using` ends the agent's sessions.
   * @throws LanyardError `evidence_failed` where there is nothing to show, and what `identity` throws
   */
  start(input: StartInput): Promise<StartedAgent>;
} = {
  async start({ evidence: only, minimumAssurance = "document", surroundings = ownSurroundings(), ...input }) {
    const places = placesIn(surroundings);
    const offered = kindsOf(places, { ...input, surroundings });
    const kinds = offered.filter(
      ({ type, assurance }) => (only?.includes(type) ?? true) && assuranceReaches(assurance, minimumAssurance),
    );
    if (kinds.length === 0) throw nothingToShow(places, offered.length > 0);
    const evidence = strongestOf(kinds);
    const agent = createAgent({ ...input, evidence });
    const { assurance } = await agent.identity();
    return { ...agent, places, evidence: evidence.type, assurance };
  },
};

function nothingToShow(places: readonly Place[], ruledOut: boolean): EvidenceError {
  if (ruledOut) return new EvidenceError(`nothing that ${places.join(", ") || "this place"} offers may be shown`);
  return new EvidenceError("this is no place that is known: neither Lambda, ECS, EKS, EC2, GitHub Actions nor SPIFFE");
}
