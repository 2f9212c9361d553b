/**
 * How a command ends: its exit code follows from it. 0 done; 1 refused by the deployment or by whoever was asked, failed, or
 * not reached; 2 not called right, a change included that nobody confirmed (no terminal to ask at, no `--yes`).
 */
export const exitCodes = { ok: 0, refused: 1, usage: 2 } as const;

/** The command was not given right: exit code 2. */
export class Usage extends Error {
  override readonly name = "Usage";
}

/** The deployment said no, or could not be reached: exit code 1. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly facts: Readonly<Record<string, unknown>>;
  /** @param facts what `--json` prints beside the message */
  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.facts = facts;
  }
}

/** A refusal that its command has shown already: exit code 1, nothing more is printed. */
export class Told extends Refused {}

/** Where a command writes; a test reads it back. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Width in characters; undefined where it is no terminal, and nothing is cut to fit. */
  readonly columns?: number;
  /** Shows how far long work is, and takes it away again on an empty text; undefined where nobody watches. */
  progress?(text: string): void;
  /** Asks yes or no, never on standard output; undefined where nobody can answer. */
  ask?(question: string): Promise<boolean>;
  /** From now on something is being changed: a reader of the output who leaves must not stop it half way. */
  committing?(): void;
  /** Begins the screen anew; undefined where it is no terminal. */
  clear?(): void;
}
