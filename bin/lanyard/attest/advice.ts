import type { Explanation } from "./explanation.ts";
import { isoTime, type Said } from "./said.ts";

/** Detail of the check that fails where nobody gave the keys to check a signature by. */
export const noKeys = "the settings give no keys of this issuer";
/** The same of a SPIFFE trust domain. */
export const noBundle = "the settings give no bundle of this trust domain";

/** Checks that fail because of the clock, where they say so. */
const clocked = /expired|has passed|older than|not yet valid|outside|too old|window/;

/**
 * What to do next about a document that was not accepted.
 * @param atGiven whether the clock was set
 * @returns one line, or undefined where there is nothing to be done but to read the check
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
