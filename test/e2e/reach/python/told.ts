/** What a step of an agents' program told. */
export interface Told {
  readonly step: string;
  readonly [fact: string]: unknown;
}
