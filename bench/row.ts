/** One figure of a benchmark, with what it is meant to be. */
export interface Row {
  readonly section: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is a multiple of in the same run: machines are noisy, ratios less so. */
  readonly ratio?: { readonly of: string; readonly value: number };
  /** The most the ratio may be; of a row without one, the most its value may be. */
  readonly goal?: number;
  /** Better than the goal: what is meant to be reached some day. Only told of. */
  readonly aim?: number;
}

/** How thorough a run is. */
export interface Pace {
  /** Turns each contestant of a comparison gets. */
  readonly rounds: number;
  /** CPU milliseconds of one turn. */
  readonly sliceMillis: number;
  /** Whether what takes long is left out. */
  readonly quick: boolean;
}

/** Rows that are measured together, since they are compared. */
export interface Bench {
  /** `section/part`; the beginning of it names it on the command line. */
  readonly name: string;
  /** Part of the quick form: holds within seconds, on a starved machine too. */
  readonly quick?: true;
  measure(pace: Pace): Promise<readonly Row[]>;
}

/** A ratio that another run of the same code may well show differently: more than a fifth is no noise. */
const tolerance = 1.2;

/**
 * Whether a row falls short of its goal.
 * @returns `short` when it does; `missed` when by more than the tolerance, which is a fifth of a ratio and nothing of what
 * is counted; undefined when it holds, or has no goal
 */
export function shortfall({ value, ratio, goal }: Row): "short" | "missed" | undefined {
  const figure = ratio?.value ?? value;
  if (goal === undefined || figure <= goal) return undefined;
  return figure > goal * (ratio ? tolerance : 1) ? "missed" : "short";
}
