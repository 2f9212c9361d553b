/** One kind of evidence, with a document of it that holds. */
export interface EvidenceKind {
  readonly type: string;
  /** What of proving it is not in the figure. */
  readonly without?: string;
  readonly prove: () => Promise<{ readonly ok: boolean }>;
}
