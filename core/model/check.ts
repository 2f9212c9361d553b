/** One check of an attestor, for whoever wants to know why a document is accepted or refused. */
export interface Check {
  /** Stable, kebab-case: `signature`, `audience`, `challenge` … */
  readonly name: string;
  readonly ok: boolean;
  /** What was found; never a secret, never the document. */
  readonly detail: string;
}
