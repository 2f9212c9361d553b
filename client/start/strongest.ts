import { notProvedText, unknownEvidenceText } from "../../core/model/wire.ts";
import { EvidenceError, LanyardError } from "../error.ts";
import type { EvidenceSource } from "../evidence/platform/source.ts";
import type { Kind } from "./kinds.ts";

/** Evidence that is chosen by what the issuer accepts. */
interface StrongestEvidence extends EvidenceSource {
  readonly choosing: NonNullable<EvidenceSource["choosing"]>;
}

/**
 * Shows the kinds in order, the next one only after one of the two refusals that a kind which is not registered gets:
 * the deployment does not know it, or it does not prove this agent. The second is the one face that the issuer has for
 * many reasons, so that strangers cannot find out which agents exist (threat 41). Anything else ends the search: a
 * socket that refuses, a network that fails or an agent that is suspended must not make an agent prove less than it
 * could, and what it proves in the end is still held to the registration's `minimumAssurance`. Once accepted, a kind
 * stays for the life of the process.
 * @param kinds strongest first, at least one
 */
export function strongestOf(kinds: readonly Kind[]): StrongestEvidence {
  let at = 0;
  let settled = false;
  let source: Promise<EvidenceSource> | undefined;
  const current = () => kinds[at] as Kind;
  return {
    get type() {
      return current().type;
    },
    async collect(request) {
      try {
        source ??= current().load();
        return await (await source).collect(request);
      } catch (cause) {
        // loaded anew the next time, since it may have failed for a reason that passes
        source = undefined;
        throw withoutFallback(cause, settled ? [] : kinds.slice(at + 1));
      }
    },
    choosing: {
      refused(error) {
        if (settled || at + 1 >= kinds.length || !isNotRegistered(error)) return false;
        at++;
        source = undefined;
        return true;
      },
      accepted() {
        settled = true;
      },
    },
  };
}

/** Whether a refusal is one that evidence of a kind that is not registered gets. */
function isNotRegistered(error: unknown): boolean {
  if (!(error instanceof LanyardError) || error.description === undefined) return false;
  const { code, status, description } = error;
  return (
    (code === "attestation_refused" && status === 401 && description === notProvedText) ||
    (code === "request_refused" && status === 400 && description === unknownEvidenceText)
  );
}

function withoutFallback(cause: unknown, untried: readonly Kind[]): EvidenceError {
  const missing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
  const why =
    cause instanceof EvidenceError
      ? (cause.description ?? cause.code)
      : missing
        ? "a package that it needs is not installed beside this one"
        : `failed with ${cause instanceof Error ? cause.name : "unknown"}`;
  const names = untried.map(({ type }) => type).join(", ");
  return new EvidenceError(names === "" ? why : `${why}; not tried in its place: ${names}`);
}
