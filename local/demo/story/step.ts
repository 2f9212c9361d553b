import { LanyardError } from "../../../client/index.ts";
import { untilItPasses } from "../../emulator/limits/patient.ts";
import type { AgentKind } from "../agents/kinds.ts";

/** One step of the story as it went. */
export interface Step {
  readonly name: string;
  readonly ok: boolean;
  /** What planner and researcher ran on; absent for steps that are not any agent's. */
  readonly agents?: AgentKind;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** `says` in plain words, and the facts behind it. */
  readonly detail: { readonly says: string; readonly [fact: string]: unknown };
}

/** Something did not behave as the story says it must: the run fails with this message. */
export class Misbehaved extends Error {
  override readonly name = "Misbehaved";
  /** It was answered that the same may be tried again (503 with Retry-After). */
  readonly passing: boolean;
  constructor(message: string, { passing = false, ...options }: ErrorOptions & { readonly passing?: boolean } = {}) {
    super(message, options);
    this.passing = passing;
  }
}

/** A failure that says of itself that it may pass: on a slow machine a function is not up yet, or its platform is not. */
const mayPass = (failure: unknown): boolean =>
  failure instanceof Misbehaved ? failure.passing : failure instanceof LanyardError && failure.retryable;

/** Who wants to see steps as they happen. */
export interface Watcher {
  began(name: string): void;
  ended(step: Step): void;
}

/** What a step reports when it went well. */
interface Told<T> {
  readonly says: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly value: T;
}

/** Runs steps one after another and remembers how each went. */
export interface Teller {
  readonly steps: readonly Step[];
  /**
   * Runs one step, again as long as what it meets says it may pass. When it throws, the step is recorded as failed and the story stops: what follows builds on it.
   * @param name a few words, the same in every run
   */
  step<T>(name: string, run: () => Promise<Told<T>>): Promise<T>;
  /** The same teller, for steps of agents that run on `agents`. */
  playedOn(agents: AgentKind): Teller;
}

/** A teller that reports to `watcher`. */
export function createTeller(watcher: Watcher): Teller {
  const steps: Step[] = [];
  const done = (step: Step) => {
    steps.push(step);
    watcher.ended(step);
  };
  const told = (marks: Pick<Step, "agents">): Teller => ({
    steps,
    playedOn: (agents) => told({ agents }),
    async step(name, run) {
      watcher.began(name);
      const startMillis = performance.now();
      const elapsed = () => Math.round((performance.now() - startMillis) * 10) / 10;
      try {
        const outcome = await untilItPasses(run, mayPass);
        done({ name, ok: true, ...marks, ms: elapsed(), detail: { says: outcome.says, ...outcome.facts } });
        return outcome.value;
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error);
        done({
          name,
          ok: false,
          ...marks,
          ms: elapsed(),
          detail: { says, ...(causeOf(error) ? { cause: causeOf(error) } : {}) },
        });
        throw error;
      }
    },
  });
  return told({});
}

const causeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
