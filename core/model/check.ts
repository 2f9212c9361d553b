/**
 * One check that an attestor made, for people who want to know why a document is accepted or refused (`lanyard
 * explain`).
 */
export interface Check {
  /** Stable, kebab-case: `signature`, `audience`, `challenge` … */
  readonly name: string;
  readonly ok: boolean;
  /** What was found; never a secret, never the document. */
  readonly detail: string;
}
