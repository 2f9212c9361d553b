/**
 * How a command ends: its exit code follows from it. 0 done; 1 refused by the deployment or by the person who was
 * asked, failed, or not reached; 2 wrong usage, also for a change that could not be confirmed (no terminal and no
 * `--yes`).
 */
export const exitCodes = { ok: 0, refused: 1, usage: 2 } as const;

/** The command was used wrongly: exit code 2. */
export class Usage extends Error {
  override readonly name = "Usage";
}

/** The deployment refused, or could not be reached: exit code 1. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly facts: Readonly<Record<string, unknown>>;
  /** @param facts what `--json` prints beside the message */
  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.facts = facts;
  }
}

/** A refusal that the command has printed already: exit code 1, nothing more is printed. */
export class Told extends Refused {}

/** Where a command writes; tests read it. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Width in characters; undefined where the output is no terminal; then nothing is cut. */
  readonly columns?: number;
  /** Shows the progress of long work; an empty text removes it. Undefined where the output is no terminal. */
  progress?(text: string): void;
  /** Asks yes or no, never on standard output; undefined where nobody can answer. */
  ask?(question: string): Promise<boolean>;
  /** Asks for a line, without its surrounding spaces, likewise; empty where the input ended. */
  read?(question: string): Promise<string>;
  /** Called before a change is made: from then on the command finishes even if the reader of its output goes away. */
  committing?(): void;
  /** Clears the screen; undefined where the output is no terminal. */
  clear?(): void;
}
