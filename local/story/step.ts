/** One step of the story as it went. */
export interface Step {
  readonly name: string;
  readonly ok: boolean;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** `says` in plain words, and the facts behind it. */
  readonly detail: { readonly says: string; readonly [fact: string]: unknown };
}

/** Something did not behave as the story says it must: the run fails with this message. */
export class Misbehaved extends Error {
  override readonly name = "Misbehaved";
}

/** Who wants to see steps as they happen. */
export interface Watcher {
  began(name: string): void;
  ended(step: Step): void;
}

/** What a step reports when it went well. */
export interface Told<T> {
  readonly says: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly value: T;
}

/** Runs steps one after another and remembers how each went. */
export interface Teller {
  readonly steps: readonly Step[];
  /**
   * Runs one step. When it throws, the step is recorded as failed and the story stops: what follows builds on it.
   * @param name a few words, the same in every run
   */
  step<T>(name: string, run: () => Promise<Told<T>>): Promise<T>;
}

/** A teller that reports to `watcher`. */
export function createTeller(watcher: Watcher): Teller {
  const steps: Step[] = [];
  const done = (step: Step) => {
    steps.push(step);
    watcher.ended(step);
  };
  return {
    steps,
    async step(name, run) {
      watcher.began(name);
      const startMillis = performance.now();
      const elapsed = () => Math.round((performance.now() - startMillis) * 10) / 10;
      try {
        const told = await run();
        done({ name, ok: true, ms: elapsed(), detail: { says: told.says, ...told.facts } });
        return told.value;
      } catch (error) {
        const says = error instanceof Error ? error.message : String(error);
        done({
          name,
          ok: false,
          ms: elapsed(),
          detail: { says, ...(causeOf(error) ? { cause: causeOf(error) } : {}) },
        });
        throw error;
      }
    },
  };
}

const causeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
