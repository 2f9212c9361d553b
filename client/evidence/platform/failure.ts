/**
 * The workload's own document cannot be had, or is not one to show. Its message goes to logs and so never quotes a
 * document, a secret or what somebody answered.
 */
export class EvidenceFailure extends Error {
  override readonly name = "EvidenceFailure";
}
