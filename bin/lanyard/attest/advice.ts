import type { Explanation } from "./explanation.ts";
import { isoTime, type Said } from "./said.ts";

/** Detail of the check that fails because the settings contain no keys to verify a signature with. */
export const noKeys = "the settings give no keys of this issuer";
/** The same of a SPIFFE trust domain. */
export const noBundle = "the settings give no bundle of this trust domain";

/** Texts of checks that fail because of the clock. */
const clocked = /expired|has passed|older than|not yet valid|outside|too old|window/;

/**
 * Advice about a document that was not accepted.
 * @param atGiven whether `--at` set the clock
 * @returns one line, or undefined when there is nothing to add to the failed check
 */
export function adviceFor(told: Explanation, said: Said, atGiven: boolean): string | undefined {
  if (told.accepted) return undefined;
  const { checks, notChecked } = told;
  const detail = checks.find((check) => !check.ok)?.detail;
  if (detail === noKeys || detail === noBundle) {
    const what = detail === noKeys ? "its issuer and keys (a JWK Set)" : "its trust domain and bundle";
    return `give ${what} under trustedIssuers in --settings; nothing is fetched here`;
  }
  if (detail !== undefined && !atGiven && said.goodAtSeconds !== undefined && clocked.test(detail))
    return `--at ${isoTime(said.goodAtSeconds)} judges it as of when it says it was made`;
  if (notChecked.some(({ name }) => name === "caller-identity")) return "--online asks AWS STS, once";
  return undefined;
}
