/** One check of the official MCP suite, as it came out. */
export interface Check {
  readonly scenario: string;
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly message: string;
}

/** A check that cannot pass, and why not. */
export interface Excused extends Check {
  readonly status: "FAILURE" | "WARNING" | "SKIPPED";
  /** Exactly what the suite says: another failure under the same id is none of this. */
  readonly message: string;
  readonly reason: string;
}

/**
 * What cannot pass by design. Each entry is held against what came out: one that passes, or that no run knows, fails as
 * well.
 */
export const baseline: readonly Excused[] = [
  {
    scenario: "authorization-server-metadata-endpoint",
    id: "authorization-server-metadata",
    status: "FAILURE",
    message:
      'Response body does not include valid "response_types_supported" claim, Response body does not include valid "code_challenge_methods_supported" claim',
    reason:
      "Nobody signs in at Lanyard: there is no authorization code, and so no PKCE to announce. People sign in at the customer's own provider.",
  },
  {
    scenario: "authorization-server-metadata-endpoint",
    id: "authorization-server-metadata-cimd",
    status: "WARNING",
    message: 'Authorization server metadata does not include "client_id_metadata_document_supported"',
    reason: "Every agent is registered; a stranger with a metadata document is none.",
  },
  {
    scenario: "authorization-code-grant",
    id: "authorization-code-grant",
    status: "SKIPPED",
    message: "authorization-code-grant requires --client-id",
    reason: "There is no authorization code to test: see authorization-server-metadata.",
  },
];

/** What is wrong with a run, one line each; none when it is as it should be. */
export function faultsOf(checks: readonly Check[], excused: readonly Excused[]): readonly string[] {
  const ran = new Set(checks.map(({ scenario }) => scenario));
  const faults: string[] = [];
  for (const scenario of new Set([...ran, ...excused.map((one) => one.scenario)])) {
    const own = checks.filter((one) => one.scenario === scenario);
    const known = excused.filter((one) => one.scenario === scenario);
    // a scenario of which nothing was checked proves nothing
    if (!own.some(({ status }) => status !== "INFO")) faults.push(`${scenario}: nothing was checked`);
    for (const { id, status, message } of own) {
      if (status === "SUCCESS" || status === "INFO") continue;
      if (!known.some((one) => one.id === id && one.status === status && one.message === message))
        faults.push(`${scenario}: ${id} ${status}: ${message}`);
    }
    for (const { id, status, message } of known)
      if (!own.some((one) => one.id === id && one.status === status && one.message === message))
        faults.push(`${scenario}: ${id} is excused in the baseline, and is not as it says`);
  }
  return faults;
}
